//! Prints the JSON Schema of a plan: `cargo run -p legion-api --example plan_schema > docs/plan.schema.json`.

fn main() {
    print!("{}", legion_api::plan_schema());
}
