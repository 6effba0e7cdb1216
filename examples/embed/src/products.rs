//! A host function that gives an array of structs, with types that the program is compiled against.

use mog::{CapabilitySet, Compiler, MogType, Runtime, ToMog, Value};

struct Product {
    name: &'static str,
    price: f64,
    in_stock: bool,
}

impl MogType for Product {}

impl ToMog for Product {
    fn to_mog(self) -> Value {
        let Self { name, price, in_stock } = self;
        Value::record(
            "Product",
            [("name", name.into()), ("price", price.into()), ("in_stock", in_stock.into())],
        )
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut capabilities = CapabilitySet::new();
    capabilities.declare(
        "capability shop {
             struct Product { name: string, price: float, in_stock: bool }
             fn products() -> [Product]
         }",
    );
    capabilities.grant("shop.products", || {
        vec![
            Product { name: "desk", price: 649.5, in_stock: true },
            Product { name: "chair", price: 129.25, in_stock: true },
            Product { name: "lamp", price: 39.0, in_stock: false },
        ]
    });

    let program =
        Compiler::with(&capabilities).file("products.mog").compile(include_str!("../../products.mog"))?;
    Runtime::new(program, capabilities)?.execute()?;
    Ok(())
}
