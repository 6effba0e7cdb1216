//! A host function that gives an array of structs, whose type the program is compiled against.

use mog::{CapabilitySet, Compiler, Runtime, ToMog};

#[derive(ToMog)]
struct Product {
    name: &'static str,
    price: f64,
    in_stock: bool,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut capabilities = CapabilitySet::new();
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
