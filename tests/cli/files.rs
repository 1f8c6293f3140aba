//! `olist ingest`: raw files as people have them; what is loaded has the right values, and nothing goes wrong in silence.

use std::io::Write;

use super::ingest::{gzip, small};
use super::support::Place;

const ORDERS: &str = "olist_orders_dataset";

/// What every way of wrapping the same files has to give.
fn content(place: &Place) -> Vec<String> {
    place.query(
        "select order_id, order_purchase_timestamp::varchar, customer_city, price
         from sources.orders left join sources.customers using (customer_id) left join sources.order_items using (order_id)
         order by all",
    )
}

fn files(place: &Place) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(place.path("raw")).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &std::path::Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    entries.map(|path| (name(&path), std::fs::read(&path).unwrap())).collect()
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The same files under other names, or in other wrappings.
#[test]
fn downloads_are_read_as_they_come() {
    let plain = small();
    plain.olist(&["ingest", "raw"]).code(0);
    let (expected, files) = (content(&plain), files(&plain));
    let wrap = |argument: &str, wrap: &dyn Fn(&Place, &str, &[u8])| {
        let place = Place::with_project();
        for (name, bytes) in &files {
            wrap(&place, name, bytes);
        }
        place.olist(&["ingest", argument]).code(0);
        assert_eq!(content(&place), expected, "{argument}");
        place
    };
    let all: Vec<(&str, &[u8])> =
        files.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let archive = zip(&all);
    wrap("raw", &|place, _, _| place.write("raw/archive.zip", &archive));
    let place = wrap("raw/archive (1).zip", &|place, _, _| place.write("raw/archive (1).zip", &archive));
    assert_eq!(
        place.cell("select file from pipeline.loads where source = 'orders'"),
        format!("raw/archive (1).zip/{ORDERS}.csv")
    );
    wrap("raw", &|place, name, bytes| place.write(&format!("raw/{name}.zip"), zip(&[(name, bytes)])));
    wrap("raw", &|place, name, bytes| place.write(&format!("raw/{name}"), zip(&[(name, bytes)])));
    wrap("raw", &|place, name, bytes| place.write(&format!("raw/{name}"), gzip(bytes)));
    wrap("raw", &|place, name, bytes| {
        place.write(&format!("raw/{}", name.replace(".csv", " (1).csv")), bytes);
    });
    wrap("raw", &|place, name, bytes| place.write(&format!("raw/{}", name.to_uppercase()), bytes));
    wrap("raw", &|place, name, bytes| place.write(&format!("raw/brazilian-ecommerce/{name}"), bytes));
    // Zipped or not, these are the same rows.
    let place = wrap("raw", &|place, name, bytes| place.write(&format!("raw/{name}"), bytes));
    for (name, bytes) in &files {
        std::fs::remove_file(place.path(&format!("raw/{name}"))).unwrap();
        place.write(&format!("raw/{name}.gz"), gzip(bytes));
    }
    place.olist(&["ingest", "raw"]).code(0).says(&["nothing changed"]);
}

#[test]
fn what_lies_there_instead_is_named() {
    let place = small();
    let csv = format!("raw/{ORDERS}.csv");
    let bytes = std::fs::read(place.path(&csv)).unwrap();
    let instead = |name: &str, content: &[u8], code: i32, parts: &[&str]| {
        let _ = std::fs::remove_file(place.path(&csv));
        place.write(&format!("raw/{name}"), content);
        place.olist(&["ingest", "raw"]).code(code).says(parts);
        std::fs::remove_file(place.path(&format!("raw/{name}"))).unwrap();
    };
    instead(
        "olist_orders_dataset.xlsx",
        b"PK\x03\x04",
        1,
        &["`raw` lacks: olist_orders_dataset.csv", "olist_orders_dataset.xlsx` is there"],
    );
    instead("orders_dataset.csv", &bytes, 1, &["raw/orders_dataset.csv` is there"]);
    let workbook = zip(&[("[Content_Types].xml", b"<x/>"), ("xl/workbook.xml", b"<x/>")]);
    instead(
        "olist_orders_dataset.csv",
        &workbook,
        2,
        &["olist_orders_dataset.csv` is an Excel workbook", "save it as CSV"],
    );
    let two = zip(&[("a.csv", &bytes), ("b.csv", &bytes)]);
    instead("olist_orders_dataset.zip", &two, 2, &["a zip archive of 2 files", "which one is meant?"]);
    let whole = zip(&[("olist_orders_dataset.csv", &bytes)]);
    instead("olist_orders_dataset.csv.zip", &whole[..whole.len() - 40], 1, &["cut off or damaged"]);
    place.write(&csv, &bytes);
    place.write("raw/olist_orders_dataset (1).csv", &bytes);
    place.olist(&["ingest", "raw"]).code(2).says(&["olist_orders_dataset (1).csv", "which one is meant?"]);
    place.olist(&["ingest", &csv]).code(2).says(&["is a file, not a folder", "`olist ingest raw`"]);
}

/// A folder's name is a name, and the files of another one are not read.
#[test]
fn a_name_is_no_pattern() {
    for (folder, beside) in [("dados[1]", "dados1"), ("st*r", "stXr"), ("what?", "whats"), ("a #1 'x'", "a")]
    {
        let place = small();
        for (name, bytes) in files(&place) {
            place.write(&format!("{folder}/{name}"), &bytes);
            let lines = String::from_utf8(bytes).unwrap();
            let first = lines.lines().take(2).collect::<Vec<_>>().join("\n");
            place.write(&format!("{beside}/{name}"), first + "\n");
        }
        let conn = duckdb::Connection::open_in_memory().unwrap();
        for (folder, rows) in [(folder, 2), (beside, 1)] {
            let items = place.path(&format!("{folder}/olist_order_items_dataset.parquet"));
            let sql = format!(
                "copy (select 'o' || range as order_id, 1 as order_item_id, 'p1' as product_id, 's1' as seller_id,
                     timestamp '2018-01-06' as shipping_limit_date, 10.0 as price, 2.5 as freight_value
                 from range(1, {rows} + 1)) to '{}' (format parquet)",
                items.display().to_string().replace('\'', "''")
            );
            conn.execute_batch(&sql).unwrap();
            std::fs::remove_file(place.path(&format!("{folder}/olist_order_items_dataset.csv"))).unwrap();
        }
        place.olist(&["ingest", folder]).code(0);
        assert_eq!(place.cell("select count(*) from sources.orders"), "2", "{folder}");
        assert_eq!(place.cell("select count(*) from sources.order_items"), "2", "{folder}");
    }
}

#[cfg(unix)]
#[test]
fn bytes_that_are_no_text_are_a_name_as_well() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let place = small();
    let folder = OsStr::from_bytes(b"d\xe3dos");
    std::fs::rename(place.path("raw"), place.path("").join(folder)).unwrap();
    let mut command = place.command(&["ingest"]);
    place.run(command.arg(folder)).code(0);
    assert_eq!(place.cell("select count(*) from sources.orders"), "2");
    let mut command = place.command(&["ingest", "--sample", "--orders", "100", "--database"]);
    place.run(command.arg(OsStr::from_bytes(b"b\xe3d.duckdb"))).code(2).says(&["is no UTF-8 name"]);
}
