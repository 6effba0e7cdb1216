//! Values as C sees them. The way from the program's is in `read.rs`, the way to them in `give.rs`.

use core::ffi::{c_char, c_void};

/// What a value is.
pub type Type = u32;

/// Nothing: `()`, or `none` of a `?T` or of `any`.
pub const MOG_NONE: Type = 0;
/// A boolean; `as.integer` is 0 or 1.
pub const MOG_BOOL: Type = 1;
/// An integer of any width, in `as.integer`; of a `u64`, the same 64 bits.
pub const MOG_INT: Type = 2;
/// A float, in `as.number`.
pub const MOG_FLOAT: Type = 3;
/// A string, in `as.text`.
pub const MOG_STRING: Type = 4;
/// An array of numbers or booleans, in `as.bytes`, as C lays it out: a `[f32]` is a `float[]`, a `[bool]` a `uint8_t[]`.
pub const MOG_ARRAY: Type = 5;
/// A value that C does not see into: a tensor, a future, a `Result` inside of another value.
pub const MOG_OTHER: Type = 6;
/// A struct of the program's, in `as.handle`: `mog_field` and `mog_item` have its fields.
pub const MOG_STRUCT: Type = 7;
/// An array of anything but numbers or booleans, in `as.handle`: `mog_item` has its elements.
pub const MOG_LIST: Type = 8;
/// A map, in `as.handle`: `mog_entry` has its entries.
pub const MOG_MAP: Type = 9;
/// An enum's value, in `as.handle`: `mog_variant` says which, `mog_item` has its payload.
pub const MOG_ENUM: Type = 10;
/// A function. If it is an argument, `mog_call_back` has the program call it.
pub const MOG_FUNCTION: Type = 11;
/// For the program, in `as.items`: the fields of a struct in their order, the elements of an array, or an enum's variant with
/// its payload. Which of them, says the type that is due; for `any` it is an array.
pub const MOG_ITEMS: Type = 12;
/// For the program, in `as.items`: the entries of a map, keys and values in turn.
pub const MOG_ENTRIES: Type = 13;

/// Text in UTF-8. Not closed by a zero: print it by `"%.*s", (int)text.size, text.data`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Text {
    /// Its first byte.
    pub data: *const c_char,
    /// How many bytes.
    pub size: usize,
}

/// Numbers, one behind the other.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Bytes {
    /// The first.
    pub data: *const c_void,
    /// How many bytes; not how many numbers.
    pub size: usize,
}

/// A value in the program's memory. It can be used until the host function returns or moves it (see `mog_reserve`); that of
/// `mog_result`, until the instance is used again to run. After that it is stale, and every function says so.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Handle {
    /// Not for use.
    pub opaque: [u32; 4],
}

/// Values of the host's that make one of the program's. They have to be there, and stay as they are, until the function
/// returns that they are handed to.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Items {
    /// The first.
    pub data: *const Value,
    /// How many.
    pub count: u32,
    /// The number of the variant, for an enum; otherwise 0.
    pub variant: u32,
}

/// What a value holds.
#[repr(C)]
#[derive(Clone, Copy)]
pub union Data {
    /// Of `MOG_BOOL` and `MOG_INT`.
    pub integer: i64,
    /// Of `MOG_FLOAT`.
    pub number: f64,
    /// Of `MOG_STRING`.
    pub text: Text,
    /// Of `MOG_ARRAY`.
    pub bytes: Bytes,
    /// Of `MOG_STRUCT`, `MOG_LIST`, `MOG_MAP` and `MOG_ENUM`.
    pub handle: Handle,
    /// Of `MOG_ITEMS` and `MOG_ENTRIES`.
    pub items: Items,
}

/// A value. `mog_int` and its siblings make one.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Value {
    /// Which member of `as` it is.
    pub r#type: Type,
    /// The value itself.
    pub r#as: Data,
}

impl Text {
    /// A text that lies in a module or an arena.
    pub(crate) const fn new(text: &str) -> Self {
        Self { data: text.as_ptr().cast(), size: text.len() }
    }
}

impl Value {
    /// Nothing.
    pub(crate) const NONE: Self = Self::empty(MOG_NONE);

    /// A value that holds nothing to look at; who looks all the same finds an empty text.
    pub(crate) const fn empty(ty: Type) -> Self {
        Self { r#type: ty, r#as: Data { text: Text { data: core::ptr::null(), size: 0 } } }
    }

    pub(crate) const fn int(ty: Type, integer: i64) -> Self {
        Self { r#type: ty, r#as: Data { integer } }
    }

    /// An integer or boolean.
    pub(crate) const fn integer(&self) -> i64 {
        // SAFETY: any bits are an integer, and C initialises the member that `type` names.
        unsafe { self.r#as.integer }
    }

    pub(crate) const fn number(&self) -> f64 {
        // SAFETY: as above, any bits are a float.
        unsafe { self.r#as.number }
    }

    /// Where its text or its numbers lie, and how many bytes; nothing for other values.
    pub(crate) const fn memory(&self) -> (*const u8, usize) {
        match self.r#type {
            MOG_STRING => {
                // SAFETY: `type` names this member, which any bits fit.
                let text = unsafe { self.r#as.text };
                (text.data.cast(), text.size)
            }
            MOG_ARRAY => {
                // SAFETY: `type` names this member, which any bits fit.
                let bytes = unsafe { self.r#as.bytes };
                (bytes.data.cast(), bytes.size)
            }
            _ => (core::ptr::null(), 0),
        }
    }

    /// The numbers of a handle; `None` of a value that is none.
    pub(crate) const fn handle(&self) -> Option<[u32; 4]> {
        match self.r#type {
            MOG_STRUCT | MOG_LIST | MOG_MAP | MOG_ENUM => {
                // SAFETY: `type` names this member, which any bits fit.
                Some(unsafe { self.r#as.handle }.opaque)
            }
            _ => None,
        }
    }

    /// Values of the host's that it is made of; none of other values.
    pub(crate) const fn items(&self) -> Items {
        match self.r#type {
            MOG_ITEMS | MOG_ENTRIES => {
                // SAFETY: `type` names this member, which any bits fit.
                unsafe { self.r#as.items }
            }
            _ => Items { data: core::ptr::null(), count: 0, variant: 0 },
        }
    }
}
