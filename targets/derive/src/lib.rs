//! Macros of the crate `mog`, which re-exports them: a host's own types as types of the language, and its functions as
//! capabilities.

mod data;
mod group;

use proc_macro::TokenStream;

/// Takes a struct or an enum of the host's from a program.
///
/// The type has the same name and fields in the language, where `#[mog(rename = "…")]` on it, a field or a variant does
/// not say otherwise. A struct with one field and no names is that field's type. Type parameters are refused.
///
/// ```
/// # use mog::{CapabilitySet, FromMog};
/// #[derive(FromMog)]
/// struct Order { item: String, count: u32, note: Option<String> }
///
/// # let mut capabilities = CapabilitySet::new();
/// capabilities.grant("shop.order", |order: Order| order.count);
/// ```
#[proc_macro_derive(FromMog, attributes(mog))]
pub fn from_mog(input: TokenStream) -> TokenStream {
    expand(input, data::Data::conversion_from_mog)
}

/// Gives a struct or an enum of the host's to a program; as for `FromMog`.
///
/// ```
/// # use mog::{CapabilitySet, ToMog};
/// #[derive(ToMog)]
/// enum Status { Open, Shipped(String) }
///
/// # let mut capabilities = CapabilitySet::new();
/// capabilities.grant("shop.status", |order: i64| Status::Shipped(format!("order {order}")));
/// ```
#[proc_macro_derive(ToMog, attributes(mog))]
pub fn to_mog(input: TokenStream) -> TokenStream {
    expand(input, data::Data::conversion_to_mog)
}

/// Makes the functions of an `impl` block a capability, to be granted by `CapabilitySet::grant_group`: all those with `&self`
/// or `&mut self`, under their own names. Others belong to the host; so do the functions of other `impl` blocks.
///
/// They share the value: where one takes `&mut self`, each call waits for the one before it to end. An `async fn`, of which
/// several calls can be under way at once, wants `&self` in the whole block.
///
/// ```
/// # use mog::{CapabilitySet, Compiler, Runtime};
/// struct Sensor { readings: Vec<f64>, reads: u64 }
///
/// #[mog::capability("sensor")]
/// impl Sensor {
///     fn read(&mut self, channel: usize) -> Option<f64> {
///         self.reads += 1;
///         self.readings.get(channel).copied()
///     }
///
///     fn reads(&self) -> u64 { self.reads }
///
///     fn calibrate(&mut self, channel: usize, value: f64) -> Result<(), String> {
///         *self.readings.get_mut(channel).ok_or("no such channel")? = value;
///         Ok(())
///     }
/// }
///
/// # fn main() -> Result<(), mog::Error> {
/// let mut capabilities = CapabilitySet::new();
/// capabilities.grant_group(Sensor { readings: vec![20.5], reads: 0 }).deny("sensor.calibrate");
/// let source = "fn main() -> int {
///     sensor.read(channel: 0)
///     sensor.read(7)
///     sensor.reads() as int
/// }";
/// let program = Compiler::with(&capabilities).compile(source)?;
/// assert_eq!(Runtime::new(program, capabilities)?.execute()?, 2i64.into());
/// # Ok(())
/// # }
/// ```
#[proc_macro_attribute]
pub fn capability(name: TokenStream, block: TokenStream) -> TokenStream {
    let made = syn::parse(name).and_then(|name| group::capability(&name, &syn::parse(block)?));
    made.unwrap_or_else(syn::Error::into_compile_error).into()
}

fn expand(input: TokenStream, code: impl Fn(&data::Data) -> proc_macro2::TokenStream) -> TokenStream {
    let data = syn::parse(input).and_then(data::Data::of);
    data.map_or_else(syn::Error::into_compile_error, |data| code(&data)).into()
}
