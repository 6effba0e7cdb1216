//! Structs and enums: what they are in the language, and the code that converts them.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Attribute, DeriveInput, Error, Fields, GenericParam, Generics, Ident, LitStr, Result, Type};

/// A struct or an enum of the host's.
pub(crate) struct Data {
    ident: Ident,
    generics: Generics,
    /// In the language.
    name: String,
    shape: Shape,
}

enum Shape {
    Struct(Vec<Field>),
    /// One field without a name: its type is the type.
    Transparent(Box<Type>),
    Enum(Vec<Variant>),
}

struct Field {
    ident: Ident,
    name: String,
    ty: Type,
}

struct Variant {
    ident: Ident,
    name: String,
    payload: Vec<Type>,
}

impl Data {
    /// What was written, if the language has such a type.
    pub(crate) fn of(input: DeriveInput) -> Result<Self> {
        for param in &input.generics.params {
            if !matches!(param, GenericParam::Lifetime(_)) {
                return Err(Error::new(
                    param.span(),
                    "a type of a Mog program has no parameters: derive this for a type that names its fields' types",
                ));
            }
        }
        let name = name_of(&input.attrs, &input.ident)?;
        let shape = match input.data {
            syn::Data::Struct(data) => match data.fields {
                Fields::Named(fields) => Shape::Struct(
                    fields
                        .named
                        .into_iter()
                        .filter_map(|field| Field::of(field).transpose())
                        .collect::<Result<_>>()?,
                ),
                Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                    if input.attrs.iter().any(|attribute| attribute.path().is_ident("mog")) {
                        return Err(Error::new(
                            input.ident.span(),
                            "a struct with one unnamed field is that field's type, and has no name of its own",
                        ));
                    }
                    let only = fields.unnamed.into_iter().next().map(|field| field.ty);
                    Shape::Transparent(Box::new(only.ok_or_else(|| unnamed(&input.ident))?))
                }
                Fields::Unnamed(_) | Fields::Unit => return Err(unnamed(&input.ident)),
            },
            syn::Data::Enum(data) if data.variants.is_empty() => {
                return Err(Error::new(
                    input.ident.span(),
                    "an enum of a Mog program has at least one variant",
                ));
            }
            syn::Data::Enum(data) => {
                Shape::Enum(data.variants.into_iter().map(Variant::of).collect::<Result<_>>()?)
            }
            syn::Data::Union(data) => {
                return Err(Error::new(data.union_token.span, "a Mog program has no unions"));
            }
        };
        Ok(Self { ident: input.ident, generics: input.generics, name, shape })
    }

    pub(crate) fn conversion_from_mog(&self) -> TokenStream {
        let Self { ident, name, .. } = self;
        let (generics, arguments, conditions) = self.generics.split_for_impl();
        let mog_type = self.mog_type(&quote!(::mog::FromMog));
        let body = match &self.shape {
            Shape::Struct(fields) => {
                let fields =
                    fields.iter().map(|Field { ident, name, .. }| quote!(#ident: fields.take(#name)?));
                quote! {
                    #[allow(unused_mut, reason = "a struct may have no fields")]
                    let mut fields = ::mog::derived::Fields::of(value, #name)?;
                    ::core::result::Result::Ok(Self { #(#fields),* })
                }
            }
            Shape::Transparent(ty) => quote!(<#ty as ::mog::FromMog>::from_mog(value).map(Self)),
            Shape::Enum(variants) => {
                let known = variants.iter().map(|Variant { name, payload, .. }| {
                    let count = payload.len();
                    quote!((#name, #count))
                });
                let arms = variants.iter().enumerate().map(|(n, Variant { ident, payload, .. })| {
                    let number = if n + 1 == variants.len() { quote!(_) } else { quote!(#n) };
                    let parts = payload.iter().map(|_| quote!(variant.take()?));
                    let parts = if payload.is_empty() { quote!() } else { quote!((#(#parts),*)) };
                    quote!(#number => Self::#ident #parts,)
                });
                quote! {
                    #[allow(unused_mut, reason = "its variants may carry nothing")]
                    let mut variant = ::mog::derived::Variant::of(value, #name, &[#(#known),*])?;
                    ::core::result::Result::Ok(match variant.number() { #(#arms)* })
                }
            }
        };
        quote! {
            #[automatically_derived]
            impl #generics ::mog::FromMog for #ident #arguments #conditions {
                #mog_type
                fn from_mog(value: ::mog::Value) -> ::core::result::Result<Self, ::mog::Mismatch> {
                    #body
                }
            }
        }
    }

    pub(crate) fn conversion_to_mog(&self) -> TokenStream {
        let Self { ident, name, .. } = self;
        let (generics, arguments, conditions) = self.generics.split_for_impl();
        let mog_type = self.mog_type(&quote!(::mog::ToMog));
        let body = match &self.shape {
            Shape::Struct(fields) => {
                let fields = fields.iter().map(|Field { ident, name, .. }| {
                    quote!((::std::borrow::Cow::Borrowed(#name), ::mog::ToMog::to_mog(self.#ident)))
                });
                quote! {
                    ::mog::Value::Struct {
                        name: ::std::borrow::Cow::Borrowed(#name),
                        fields: ::std::vec![#(#fields),*],
                    }
                }
            }
            Shape::Transparent(_) => quote!(::mog::ToMog::to_mog(self.0)),
            Shape::Enum(variants) => {
                let variants = variants.iter().map(|Variant { ident, name: variant, payload }| {
                    let parts: Vec<Ident> =
                        (0..payload.len()).map(|n| Ident::new(&format!("part_{n}"), ident.span())).collect();
                    let pattern = if parts.is_empty() { quote!() } else { quote!((#(#parts),*)) };
                    quote! {
                        Self::#ident #pattern => ::mog::Value::Enum {
                            name: ::std::borrow::Cow::Borrowed(#name),
                            variant: ::std::borrow::Cow::Borrowed(#variant),
                            payload: ::std::vec![#(::mog::ToMog::to_mog(#parts)),*],
                        },
                    }
                });
                quote!(match self { #(#variants)* })
            }
        };
        quote! {
            #[automatically_derived]
            impl #generics ::mog::ToMog for #ident #arguments #conditions {
                #mog_type
                fn to_mog(self) -> ::mog::Value {
                    #body
                }
            }
        }
    }

    /// The function that gives the type in the language.
    fn mog_type(&self, via: &TokenStream) -> TokenStream {
        let name = &self.name;
        let described = match &self.shape {
            Shape::Struct(fields) => {
                let fields = fields.iter().map(|Field { name, ty, .. }| {
                    quote!((::std::borrow::Cow::Borrowed(#name), <#ty as #via>::mog_type()))
                });
                quote! {
                    ::mog::derived::named::<Self>(#name, || {
                        ::mog::Type::Struct(::std::borrow::Cow::Borrowed(#name), ::std::vec![#(#fields),*])
                    })
                }
            }
            Shape::Transparent(ty) => quote!(<#ty as #via>::mog_type()),
            Shape::Enum(variants) => {
                let variants = variants.iter().map(|Variant { name, payload, .. }| {
                    quote! {
                        (::std::borrow::Cow::Borrowed(#name), ::std::vec![#(<#payload as #via>::mog_type()),*])
                    }
                });
                quote! {
                    ::mog::derived::named::<Self>(#name, || {
                        ::mog::Type::Enum(::std::borrow::Cow::Borrowed(#name), ::std::vec![#(#variants),*])
                    })
                }
            }
        };
        quote! {
            fn mog_type() -> ::mog::Type {
                #described
            }
        }
    }
}

impl Field {
    /// A field with a name; none if it has none.
    fn of(field: syn::Field) -> Result<Option<Self>> {
        let Some(ident) = field.ident else { return Ok(None) };
        Ok(Some(Self { name: name_of(&field.attrs, &ident)?, ident, ty: field.ty }))
    }
}

impl Variant {
    fn of(variant: syn::Variant) -> Result<Self> {
        let name = name_of(&variant.attrs, &variant.ident)?;
        let payload = match variant.fields {
            Fields::Unit => Vec::new(),
            Fields::Unnamed(fields) => fields.unnamed.into_iter().map(|field| field.ty).collect(),
            Fields::Named(fields) => {
                return Err(Error::new(
                    fields.span(),
                    "the variants of a Mog program's enums have no names for what they carry: put a struct in it",
                ));
            }
        };
        Ok(Self { ident: variant.ident, name, payload })
    }
}

fn unnamed(ident: &Ident) -> Error {
    Error::new(
        ident.span(),
        "a struct of a Mog program has named fields (or, as another name for a type, one field alone)",
    )
}

/// The name in the language: what `#[mog(rename = "…")]` says, or the same.
fn name_of(attributes: &[Attribute], ident: &Ident) -> Result<String> {
    let mut name = ident.unraw().to_string();
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("mog")) {
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("rename") {
                return Err(meta.error("there is only `rename = \"…\"`"));
            }
            let text: LitStr = meta.value()?.parse()?;
            // As Rust writes names, so does the language.
            name = text.parse::<Ident>().map_err(|_| Error::new(text.span(), "this is no name"))?.to_string();
            Ok(())
        })?;
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(source: &str) -> String {
        let data = syn::parse_str(source).and_then(Data::of);
        data.map_or_else(|error| error.to_string(), |data| data.name)
    }

    #[test]
    fn what_the_language_lacks_is_refused_with_a_reason() {
        for (source, says) in [
            ("struct P<T> { x: T }", "has no parameters"),
            ("struct P<const N: usize> { x: [u8; N] }", "has no parameters"),
            ("enum E<T> { A(T) }", "has no parameters"),
            ("struct P(f64, f64);", "has named fields"),
            ("struct P;", "has named fields"),
            ("#[mog(rename = \"Q\")] struct P(f64);", "no name of its own"),
            ("enum E {}", "at least one variant"),
            ("enum E { A { x: f64 } }", "put a struct in it"),
            ("union U { x: f64 }", "no unions"),
            ("#[mog(name = \"Q\")] struct P { x: f64 }", "only `rename"),
            ("#[mog(rename = \"not a name\")] struct P { x: f64 }", "no name"),
            ("struct P { #[mog(rename = \"\")] x: f64 }", "no name"),
            ("#[mog(rename = 3)] struct P { x: f64 }", "expected string literal"),
        ] {
            let message = message(source);
            assert!(message.contains(says), "{source}: {message}");
        }
    }

    #[test]
    fn names_are_those_of_the_host_or_given() {
        for (source, name) in [
            ("struct P { x: f64 }", "P"),
            ("struct P<'a> { x: &'a str }", "P"),
            ("#[mog(rename = \"Point\")] struct P { x: f64 }", "Point"),
            ("struct r#Move { r#type: f64 }", "Move"),
        ] {
            assert_eq!(message(source), name);
        }
    }
}
