{# Numbers that several files share, each with what it stands for. #}

{# Days without an order after which a seller counts as lost. #}
{% macro patience_days() -%}45{%- endmacro %}

{# Days before the reference date over which the network's pace is measured. #}
{% macro pace_days() -%}28{%- endmacro %}

{# Days before the reference date that say of a seller how it hands over. #}
{% macro handover_days() -%}90{%- endmacro %}

{# The last day of a step in the life table: nothing happens after it. #}
{% macro last_step_day() -%}90{%- endmacro %}

{# Share of late orders that is assumed where none is known. #}
{% macro usual_late_share() -%}0.07{%- endmacro %}

{# Orders that a share of late ones on a route is pulled with. #}
{% macro late_share_weight() -%}20{%- endmacro %}
