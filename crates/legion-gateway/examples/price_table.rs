//! Writes the table of prices that is shipped: `cargo run -p legion-gateway --example price_table -- LIST SOURCE DATE`.

use std::error::Error;

use legion_gateway::PriceTable;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [list, source, date] = arguments.as_slice() else { return Err("wanted: LIST SOURCE DATE".into()) };
    let list = std::fs::read(list).map_err(|error| format!("failed to read `{list}`: {error}"))?;
    print!("{}", PriceTable::of_list(&list, source.clone(), date.clone())?.render());
    Ok(())
}
