{{ config(
    description = 'One row per Brazilian state: where it lies, its postal '
        ~ 'codes, how many buy and sell there, how slow its roads are.',
) }}
-- Shares are per thousand and rounded. Latitude and longitude are the
-- capital's; radius_degrees is how far the places of a state lie around it.
-- slow_days are added to each transit, whatever the distance.
select *
from (
    values
        ('SP', 'sao paulo', -23.55, -46.63, 2.0, 1000, 19999, 415, 600, 0),
        ('RJ', 'rio de janeiro', -22.9, -43.2, 1.0, 20000, 28999, 130, 54, 4.5),
        ('MG', 'belo horizonte', -19.9, -43.9, 2.5, 30000, 39999, 117, 80, 1.0),
        ('RS', 'porto alegre', -30.03, -51.23, 2.0, 90000, 99999, 55, 42, 1.5),
        ('PR', 'curitiba', -25.43, -49.27, 2.2, 80000, 87999, 50, 112, 0.5),
        ('SC', 'florianopolis', -27.59, -48.55, 1.5, 88000, 89999, 37, 58, 2.0),
        ('BA', 'salvador', -12.97, -38.50, 2.5, 40000, 48999, 34, 7, 4.0),
        ('DF', 'brasilia', -15.79, -47.88, 0.2, 70000, 72799, 21, 9, 1.0),
        ('ES', 'vitoria', -20.32, -40.34, 0.8, 29000, 29999, 20, 7, 4.0),
        ('GO', 'goiania', -16.69, -49.25, 1.5, 72800, 76799, 20, 12, 2.0),
        ('PE', 'recife', -8.05, -34.88, 1.5, 50000, 56999, 17, 4, 3.5),
        ('CE', 'fortaleza', -3.73, -38.53, 1.5, 60000, 63999, 14, 4, 6.0),
        ('PA', 'belem', -1.46, -48.50, 2.0, 66000, 68899, 10, 1, 6.5),
        ('MT', 'cuiaba', -15.60, -56.10, 2.5, 78000, 78899, 9, 1, 3.0),
        ('MA', 'sao luis', -2.53, -44.30, 1.8, 65000, 65999, 8, 1, 7.0),
        ('MS', 'campo grande', -20.44, -54.65, 2.0, 79000, 79999, 7, 2, 2.5),
        ('PB', 'joao pessoa', -7.12, -34.86, 1.0, 58000, 58999, 5, 2, 4.5),
        ('PI', 'teresina', -5.09, -42.80, 1.5, 64000, 64999, 5, 1, 4.0),
        ('RN', 'natal', -5.79, -35.21, 0.8, 59000, 59999, 5, 1, 4.0),
        ('AL', 'maceio', -9.67, -35.74, 0.6, 57000, 57999, 4, 1, 8.5),
        ('SE', 'aracaju', -10.91, -37.07, 0.5, 49000, 49999, 4, 1, 7.0),
        ('TO', 'palmas', -10.17, -48.33, 1.5, 77000, 77999, 3, 1, 2.5),
        ('RO', 'porto velho', -8.76, -63.90, 1.5, 76800, 76999, 3, 1, 2.0),
        ('AM', 'manaus', -3.12, -60.02, 1.0, 69000, 69299, 2, 1, 8.0),
        ('AC', 'rio branco', -9.97, -67.81, 0.8, 69900, 69999, 1, 1, 1.0),
        ('AP', 'macapa', 0.03, -51.07, 0.5, 68900, 68999, 1, 1, 8.0),
        ('RR', 'boa vista', 2.82, -60.67, 0.5, 69300, 69399, 1, 1, 12.0)
) as state(
    state,
    capital,
    lat,
    lng,
    radius_degrees,
    first_zip,
    last_zip,
    buyer_weight,
    seller_weight,
    slow_days
)
