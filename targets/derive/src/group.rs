//! A group of functions as an `impl` block: the attribute `capability`.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{
    Attribute, Error, FnArg, Ident, ImplItem, ImplItemFn, ItemImpl, LitStr, Pat, PatType, ReceiverKind,
    Result, Safety, Type,
};

/// The most parameters of a host function.
const MAX_PARAMS: usize = 6;
/// The most of a function that takes strings where they lie.
const MAX_PARAMS_WITH_TEXT: usize = 3;

/// The `impl` block as it was, and the trait by which its functions are granted.
pub(crate) fn capability(name: &LitStr, block: &ItemImpl) -> Result<TokenStream> {
    let capability =
        name.parse::<Ident>().map_err(|_| Error::new(name.span(), "this is no name"))?.to_string();
    if let Some((path, _)) = &block.trait_ {
        return Err(Error::new(
            path.span(),
            "the functions of a group are those of its own `impl` block, not of a trait",
        ));
    }
    let methods = block.items.iter().filter_map(|item| match item {
        ImplItem::Fn(function) => Method::of(function).transpose(),
        _ => None,
    });
    let methods: Vec<Method<'_>> = methods.collect::<Result<_>>()?;
    if methods.is_empty() {
        return Err(Error::new(
            block.self_ty.span(),
            "there is no function with `&self` or `&mut self` to grant",
        ));
    }
    let locked = methods.iter().any(|method| method.changes);
    if let Some(method) = methods.iter().find(|method| method.is_async && locked) {
        return Err(Error::new(
            method.ident.span(),
            "several calls of an async function can be under way at once, so no function of its group takes `&mut self`",
        ));
    }
    let (generics, _, conditions) = block.generics.split_for_impl();
    let ty = &block.self_ty;
    let shared = if locked { quote!(::std::sync::Mutex::new(self)) } else { quote!(self) };
    let functions = methods.iter().map(|method| method.granted(locked));
    Ok(quote! {
        #block

        #[automatically_derived]
        impl #generics ::mog::Capability for #ty #conditions {
            const NAME: &'static str = #capability;

            fn functions(self) -> ::std::vec::Vec<(&'static str, ::mog::Function)> {
                let shared = ::std::sync::Arc::new(#shared);
                let mut functions = ::std::vec::Vec::new();
                #(#functions)*
                functions
            }
        }
    })
}

/// A function to grant.
struct Method<'b> {
    ident: &'b Ident,
    attributes: Vec<&'b Attribute>,
    is_async: bool,
    /// Whether it takes `&mut self`.
    changes: bool,
    params: Vec<(&'b Ident, &'b Type)>,
}

impl<'b> Method<'b> {
    /// None if it takes no `self`: then it belongs to the host.
    fn of(function: &'b ImplItemFn) -> Result<Option<Self>> {
        let signature = &function.sig;
        let Some(receiver) = signature.receiver() else { return Ok(None) };
        let changes = match &receiver.kind {
            ReceiverKind::Reference(_, _, mutable) => mutable.is_some(),
            _ => {
                return Err(Error::new(
                    receiver.span(),
                    "a granted function is called any number of times: it takes `&self` or `&mut self`",
                ));
            }
        };
        if !signature.generics.params.is_empty() {
            return Err(Error::new(signature.generics.span(), "a granted function has no type parameters"));
        }
        if !matches!(signature.safety, Safety::Default) {
            return Err(Error::new(
                signature.ident.span(),
                "a granted function is safe to call, whatever it is given",
            ));
        }
        let params = signature.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(param) => Some(named(param)),
            FnArg::Receiver(_) => None,
        });
        let params = params.collect::<Result<Vec<_>>>()?;
        if params.len() > MAX_PARAMS {
            return Err(Error::new(
                signature.ident.span(),
                format!("a granted function has at most {MAX_PARAMS} parameters: put some in a struct"),
            ));
        }
        let attributes = function.attrs.iter().filter(|attribute| attribute.path().is_ident("cfg")).collect();
        let is_async = signature.asyncness.is_some();
        Ok(Some(Self { ident: &signature.ident, attributes, is_async, changes, params }))
    }

    /// The statement that adds it to the list.
    fn granted(&self, locked: bool) -> TokenStream {
        let Self { ident, attributes, params, .. } = self;
        let name = ident.unraw().to_string();
        let names = params.iter().map(|(ident, _)| ident.unraw().to_string());
        let where_it_lies = !self.is_async && params.len() <= MAX_PARAMS_WITH_TEXT;
        let (mut taken, mut passed) = (Vec::new(), Vec::new());
        for (n, (_, ty)) in params.iter().enumerate() {
            let param = Ident::new(&format!("param_{n}"), Span::mixed_site());
            if is_text(ty) && !where_it_lies {
                taken.push(quote_spanned!(ty.span()=> #param: ::std::string::String));
                passed.push(quote!(&#param));
            } else {
                taken.push(quote_spanned!(ty.span()=> #param: #ty));
                passed.push(quote!(#param));
            }
        }
        let function = if self.is_async {
            quote_spanned! {ident.span()=>
                ::mog::IntoAsyncFunction::into_async_function(move |#(#taken),*| {
                    let shared = ::std::sync::Arc::clone(&shared);
                    async move { Self::#ident(&shared, #(#passed),*).await }
                })
            }
        } else if locked {
            let receiver = if self.changes { quote!(&mut *shared) } else { quote!(&*shared) };
            let mutable = self.changes.then(|| quote!(mut));
            quote_spanned! {ident.span()=>
                ::mog::IntoFunction::into_function(move |#(#taken),*| {
                    let #mutable shared = ::mog::derived::lock(&shared);
                    Self::#ident(#receiver, #(#passed),*)
                })
            }
        } else {
            quote_spanned! {ident.span()=>
                ::mog::IntoFunction::into_function(move |#(#taken),*| Self::#ident(&shared, #(#passed),*))
            }
        };
        quote! {
            #(#attributes)*
            functions.push((#name, {
                let shared = ::std::sync::Arc::clone(&shared);
                ::mog::Function::named(#function, [#(#names),*] as [&str; _])
            }));
        }
    }
}

/// A parameter's name and type.
fn named(param: &PatType) -> Result<(&Ident, &Type)> {
    match &*param.pat {
        Pat::Ident(pattern) if pattern.subpat.is_none() => Ok((&pattern.ident, &param.ty)),
        pattern => Err(Error::new(
            pattern.span(),
            "a parameter of a granted function has a name, which programs see",
        )),
    }
}

/// Whether it is `&str`.
fn is_text(ty: &Type) -> bool {
    matches!(ty, Type::Reference(reference) if reference.mutability.is_none()
        && matches!(&*reference.elem, Type::Path(path) if path.path.is_ident("str")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(name: &str, source: &str) -> String {
        let block: ItemImpl = syn::parse_str(source).unwrap();
        let made = capability(&LitStr::new(name, Span::call_site()), &block);
        made.map_or_else(|error| error.to_string(), |made| made.to_string())
    }

    #[test]
    fn what_cannot_be_granted_is_refused_with_a_reason() {
        for (source, says) in [
            ("impl Copy for S {}", "not of a trait"),
            ("impl S { fn new() -> Self { S } }", "no function with `&self`"),
            ("impl S { fn f(self) {} }", "takes `&self` or `&mut self`"),
            ("impl S { fn f(self: Box<Self>) {} }", "takes `&self` or `&mut self`"),
            ("impl S { fn f<T>(&self, x: T) {} }", "no type parameters"),
            ("impl S { unsafe fn f(&self) {} }", "safe to call"),
            ("impl S { fn f(&self, (a, b): (u8, u8)) {} }", "has a name"),
            ("impl S { fn f(&self, _: u8) {} }", "has a name"),
            ("impl S { fn f(&self, a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8) {} }", "at most 6"),
            (
                "impl S { async fn f(&self) {} fn g(&mut self) {} }",
                "no function of its group takes `&mut self`",
            ),
            ("impl S { async fn f(&mut self) {} }", "no function of its group takes `&mut self`"),
        ] {
            let message = message("s", source);
            assert!(message.contains(says), "{source}: {message}");
        }
        assert_eq!(message("a.b", "impl S { fn f(&self) {} }"), "this is no name");
        assert_eq!(message("", "impl S { fn f(&self) {} }"), "this is no name");
    }

    #[test]
    fn functions_of_the_host_are_left_alone() {
        let made = message(
            "s",
            "impl S { fn new() -> Self { S } #[cfg(unix)] fn r#type(&self) {} const X: u8 = 1; }",
        );
        assert_eq!(made.matches("functions . push").count(), 1, "{made}");
        assert!(made.contains("# [cfg (unix)] functions . push ((\"type\""), "{made}");
    }
}
