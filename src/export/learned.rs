//! Learned models and groups as ONNX graphs: the arithmetic of `learn`, operator by operator.

use super::ensemble;
use super::graph::{Builder, DataType, Value, doubles, int, int32s, int64s, length, texts};
use crate::learn::{Boosting, Clustering, EDGE, Fitted, Learner, Logistic};

/// The probabilities of a fitted model for the rows of `matrix`: rows x 1.
pub fn probability(graph: &mut Builder, matrix: &Value, fitted: &Fitted) -> Value {
    let log_odds = match fitted.learner() {
        Learner::Logistic(logistic) => linear(graph, matrix, logistic),
        Learner::Forest(trees) => {
            let sum = ensemble::sum(graph, matrix, trees);
            let count = graph.number(trees.0.len() as f64);
            return graph.op("Div", &[&sum, &count]);
        }
        Learner::Boosting(Boosting { base, trees }) => {
            let base = graph.number(*base);
            let sum = ensemble::sum(graph, matrix, trees);
            graph.op("Add", &[&base, &sum])
        }
        Learner::Blend(members) => {
            let of_member = |member| {
                let p = probability(graph, matrix, member);
                clipped_log_odds(graph, &p)
            };
            let log_odds: Vec<Value> = members.iter().map(of_member).collect();
            let sum = graph.op("Sum", &log_odds.iter().collect::<Vec<_>>());
            let count = graph.number(members.len() as f64);
            graph.op("Div", &[&sum, &count])
        }
    };
    graph.op("Sigmoid", &[&log_odds])
}

fn linear(graph: &mut Builder, matrix: &Value, logistic: &Logistic) -> Value {
    // A column that was constant has an infinite standard deviation: it is 0 in every row.
    let of = |number: fn(&crate::learn::Term) -> f64| logistic.terms.iter().map(number).collect::<Vec<_>>();
    let width = length(&logistic.terms);
    let mean = graph.constant(doubles(&[width], &of(|term| term.mean)));
    let sd = graph.constant(doubles(&[width], &of(|term| term.sd)));
    let coefficients = graph.constant(doubles(&[width, 1], &of(|term| term.coefficient)));
    let intercept = graph.number(logistic.intercept);
    let centred = graph.op("Sub", &[matrix, &mean]);
    let standardised = graph.op("Div", &[&centred, &sd]);
    let product = graph.op("MatMul", &[&standardised, &coefficients]);
    graph.op("Add", &[&product, &intercept])
}

fn clipped_log_odds(graph: &mut Builder, p: &Value) -> Value {
    let (low, high, one) = (graph.number(EDGE), graph.number(1.0 - EDGE), graph.number(1.0));
    let clipped = graph.op("Clip", &[p, &low, &high]);
    let rest = graph.op("Sub", &[&one, &clipped]);
    let odds = graph.op("Div", &[&clipped, &rest]);
    graph.op("Log", &[&odds])
}

/// The outputs of a grouping: number, name and distance of the nearest centre's segment. `names` stand in the order
/// of the segments; without them there is no such output.
pub fn segments(graph: &mut Builder, matrix: &Value, clustering: &Clustering, names: Option<&[String]>) {
    let segments = clustering.segments();
    let centres: Vec<f64> = segments.iter().flat_map(|segment| &segment.centre).copied().collect();
    let width = length(clustering.columns());
    let centres = graph.constant(doubles(&[length(segments), width], &centres));
    let numbers: Vec<i32> = segments.iter().map(|segment| segment.number).collect();
    let numbers = graph.constant(int32s(&numbers));
    // rows x 1 x columns less segments x columns: rows x segments x columns.
    let middle = graph.constant(int64s(&[1]));
    let last = graph.constant(int64s(&[2]));
    let rows = graph.op("Unsqueeze", &[matrix, &middle]);
    let apart = graph.op("Sub", &[&rows, &centres]);
    let squared = graph.op_with("ReduceSumSquare", &[&apart, &last], &[int("keepdims", 0)]);
    let nearest = graph.op_with("ArgMin", &[&squared], &[int("axis", 1), int("keepdims", 0)]);
    let smallest = graph.op_with("ReduceMin", &[&squared, &middle], &[int("keepdims", 0)]);
    let distance = graph.op("Sqrt", &[&smallest]);
    let segment = graph.op("Gather", &[&numbers, &nearest]);
    graph.output("segment", DataType::Int32, &segment);
    if let Some(names) = names {
        let names = graph.constant(texts(names));
        let name = graph.op("Gather", &[&names, &nearest]);
        graph.output("segment_name", DataType::String, &name);
    }
    graph.output("distance", DataType::Double, &distance);
}
