//! What other languages call things: a name that Mog does not have, and what to write instead.

/// What Mog has instead of something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ours {
    /// In words.
    pub(super) help: &'static str,
    /// The name to write instead, if that is all there is to it.
    pub(super) write: Option<&'static str>,
    /// The whole call, with `$0`, `$1` for its arguments.
    call: Option<&'static str>,
}

impl Ours {
    /// The call rewritten with these arguments, if there is a form for as many.
    pub(super) fn rewrite(&self, args: &[&str]) -> Option<String> {
        let form = self.call?;
        let places = ["$0", "$1", "$2"];
        if places.iter().enumerate().any(|(at, place)| form.contains(place) != (at < args.len())) {
            return None;
        }
        let mut text = form.to_owned();
        for (place, arg) in places.iter().zip(args) {
            text = text.replace(place, arg);
        }
        Some(text)
    }
}

const fn said(help: &'static str) -> Ours {
    Ours { help, write: None, call: None }
}

const fn named(write: &'static str, help: &'static str) -> Ours {
    Ours { help, write: Some(write), call: None }
}

const fn called(call: &'static str, help: &'static str) -> Ours {
    Ours { help, write: None, call: Some(call) }
}

/// A name used as a value.
pub(super) fn name(text: &str) -> Option<Ours> {
    Some(match text {
        "null" | "nil" | "undefined" | "None" | "NULL" | "nullptr" | "NONE" => {
            named("none", "nothing is written `none`")
        }
        "True" | "TRUE" => named("true", "write `true`"),
        "False" | "FALSE" => named("false", "write `false`"),
        "NaN" | "nan" | "NAN" => named("float.NAN", "write `float.NAN`"),
        "Infinity" | "inf" | "INFINITY" => named("float.INF", "write `float.INF`"),
        "pi" | "M_PI" => named("PI", "write `PI`"),
        "INT_MAX" | "MAXINT" | "i64_MAX" => named("int.MAX", "write `int.MAX`"),
        "INT_MIN" => named("int.MIN", "write `int.MIN`"),
        "self" | "this" => said("there are no methods of one's own; pass the value as a parameter"),
        "len" => said("write x.len"),
        "pass" => named("", "an empty block is `{}`"),
        "System" => said("write println(…); other things come from capabilities"),
        _ => return None,
    })
}

/// A function called by name.
pub(super) fn function(text: &str) -> Option<Ours> {
    Some(match text {
        "len" | "length" | "strlen" | "count" | "size" | "sizeof" => called("$0.len", "write x.len"),
        "range" => called("0..$0", "a range is written a..b, as in `for i in 0..n`"),
        "pass" => said("an empty block is `{}`"),
        "append" => called("$0.push($1)", "write xs.push(x)"),
        "push" | "push_back" => called("$0.push($1)", "write xs.push(x)"),
        "delete" => said("write m.delete(key)"),
        "printf" | "fprintf" | "sprintf" | "format" => said("put values into an f-string: println(f\"{x}\")"),
        "puts" | "echo" | "writeln" | "writeLine" | "print_line" | "printLine" => {
            named("println", "write println(…)")
        }
        "eprintln" | "eprint" => named("println", "write println(…), or log.error(…) for the host's log"),
        "input" | "readline" | "read_line" | "gets" | "scanf" => {
            said("a program reads only what a capability gives it")
        }
        "toString" | "to_string" | "String" | "string" | "tostring" | "repr" | "itoa" | "i64_to_string"
        | "int_to_string" | "f64_to_string" | "float_to_string" => named("str", "write str(x)"),
        "parseInt" | "atoi" | "to_int" | "toInt" | "Int" | "Integer" | "str_to_int" | "string_to_int" => {
            named("parse_int", "write parse_int(s)")
        }
        "parseFloat" | "atof" | "to_float" | "toFloat" | "Float" | "Number" | "str_to_float"
        | "string_to_float" => named("parse_float", "write parse_float(s)"),
        "fabs" | "absf" => named("abs", "write abs(x)"),
        "ceiling" => named("ceil", "write ceil(x)"),
        "ln" => named("log", "the natural logarithm is log(x)"),
        "isnan" | "isNaN" => named("is_nan", "write is_nan(x)"),
        "Some" => named("some", "write some(x)"),
        "Ok" => named("ok", "write ok(x)"),
        "Err" | "Error" | "error" | "fail" => named("err", "a failure is err(message)"),
        "throw" | "raise" => said("return err(message), or panic(message) for what must not happen"),
        "exit" => said("`main` returns the exit code"),
        "typeof" | "type" => said("types are known when the program is compiled"),
        "ord" => called("$0.bytes()[0]", "s.bytes() gives the bytes of a string"),
        "bool" => said("compare instead, as in x != 0"),
        "enumerate" => called("$0", "write `for i, x in xs`"),
        "zip" => said("go over one with its index: `for i, x in xs { y := ys[i] … }`"),
        "pairs" | "ipairs" => called("$0", "write `for k, v in m` or `for i, x in xs`"),
        "sorted" => called("$0.sort()", "xs.sort() sorts the array itself and returns it"),
        "reversed" => called("$0.reverse()", "xs.reverse() turns the array itself round and returns it"),
        "sum" => called("$0.sum()", "write xs.sum()"),
        "filter" => called("$1.filter($0)", "write xs.filter(f)"),
        "map" => called("$1.map($0)", "write xs.map(f)"),
        "isinstance" => {
            said("a value of type any is tested with `(x as int) is ok(_)`, an enum by `is` or match")
        }
        "setTimeout" => said("time.sleep(ms) waits"),
        "random" | "rand" => said("chance comes from the host: random.int(lo, hi), random.float()"),
        _ => return None,
    })
}

/// A method or field.
pub(super) fn method(text: &str) -> Option<Ours> {
    Some(match text {
        "length" | "size" | "count" => named("len", "write x.len"),
        "push_back" | "append" | "add" => named("push", "xs.push(x) adds at the end"),
        "pop_back" => named("pop", "write xs.pop()"),
        "extend" | "concatenate" => named("concat", "xs.concat(ys) gives a new array"),
        "unshift" | "push_front" | "prepend" => called("$0.insert(0, $1)", "write xs.insert(0, x)"),
        "shift" | "pop_front" => called("$0.remove(0)", "write xs.remove(0)"),
        "includes" | "contain" | "has_value" => named("contains", "write x.contains(y)"),
        "indexOf" | "find_index" | "findIndex" | "index" | "position" => {
            named("index_of", "write x.index_of(y)")
        }
        "toUpperCase" | "to_upper" | "to_uppercase" | "upcase" | "toUpper" => {
            named("upper", "write s.upper()")
        }
        "toLowerCase" | "to_lower" | "to_lowercase" | "downcase" | "toLower" => {
            named("lower", "write s.lower()")
        }
        "strip" | "trimmed" => named("trim", "write s.trim()"),
        "startsWith" | "startswith" | "has_prefix" | "hasPrefix" => {
            named("starts_with", "write s.starts_with(t)")
        }
        "endsWith" | "endswith" | "has_suffix" | "hasSuffix" => named("ends_with", "write s.ends_with(t)"),
        "substring" | "substr" | "sub" => named("slice", "write s.slice(a, b), or s[a:b]"),
        "charAt" | "char_at" | "at" | "nth" => called("$0[$1]", "write x[i]"),
        "charCodeAt" | "byte_at" => called("$0.bytes()[$1]", "write s.bytes()[i]"),
        "replaceAll" | "replace_all" | "gsub" => named("replace", "s.replace(a, b) replaces all"),
        "padStart" | "ljust" => named("pad_left", "write s.pad_left(n, \" \")"),
        "padEnd" | "rjust" => named("pad_right", "write s.pad_right(n, \" \")"),
        "splice" => said("write xs.remove(i) or xs.insert(i, x)"),
        "forEach" | "each" => named("for_each", "write xs.for_each(f)"),
        "some" | "exists" => named("any", "write xs.any(f)"),
        "every" => named("all", "write xs.all(f)"),
        "fold" | "inject" => named("reduce", "write xs.reduce(init, f)"),
        "collect" | "iter" | "into_iter" | "iter_mut" => {
            called("$0", "arrays have map, filter and the rest themselves; leave it out")
        }
        "as_str" | "to_owned" | "as_string" => called("$0", "strings never change; leave it out"),
        "join" => said("an array joins its elements: xs.join(sep)"),
        "equals" => called("$0 == $1", "`==` compares values"),
        "sort_by" | "sortBy" | "sort_unstable_by" => {
            named("sort", "write xs.sort(fn(a, b) { a.key - b.key })")
        }
        "sorted" => named("sort", "xs.sort() sorts the array itself and returns it"),
        "rev" | "reversed" => named("reverse", "xs.reverse() turns the array itself round and returns it"),
        "contains_key" | "containsKey" | "has_key" | "hasKey" | "contains" => {
            named("has", "write m.has(key)")
        }
        "set" | "put" => called("$0[$1] = $2", "write m[key] = value"),
        "insert" => called("$0[$1] = $2", "write m[key] = value; arrays have insert(i, x)"),
        "items" | "entries" => called("$0", "write `for k, v in m`"),
        "enumerate" => called("$0", "write `for i, x in xs`"),
        "zip" => said("go over one with its index: `for i, x in xs { y := ys[i] … }`"),
        "flat_map" | "flatMap" => said("gather in a loop: `for x in xs { all = all.concat(f(x)) }`"),
        "take" | "limit" => called("$0[0:$1]", "write xs[0:n]"),
        "skip" | "drop" => called("$0[$1:]", "write xs[n:]"),
        "has_next" | "next" => said("write `for x in xs`"),
        "is_empty" | "isEmpty" | "empty" => called("$0.len == 0", "write x.len == 0"),
        "unwrap" | "expect" | "get_or_raise" => said("use `?` to pass a failure on, or .unwrap_or(default)"),
        "unwrap_or_default" | "unwrap_or_else" | "or_else" | "getOrElse" | "orElse" | "get_or_default" => {
            named("unwrap_or", "write x.unwrap_or(default)")
        }
        "is_nil" | "isNone" => named("is_none", "write x.is_none()"),
        "clone" | "copy" | "dup" => {
            said("arrays copy with xs.slice(0, xs.len); strings and numbers need no copy")
        }
        "toFixed" | "to_fixed" => said("decimals are given in an f-string: f\"{x:.2}\""),
        "format" => said("put values into an f-string: f\"{x}\""),
        "parse" => said("write parse_int(s) or parse_float(s)"),
        "keys" | "values" => said("only maps have keys and values"),
        _ => return None,
    })
}

/// A method that is a function in Mog.
pub(super) fn method_as_function(text: &str) -> Option<&'static str> {
    Some(match text {
        "toString" | "to_string" | "to_str" | "str" | "ToString" | "tostring" => "str",
        "to_int" | "toInt" | "to_i64" | "parse_int" | "parseInt" => "parse_int",
        "to_float" | "toFloat" | "to_f64" | "parse_float" => "parse_float",
        "to_json" | "toJSON" | "json" => "json_str",
        _ => return None,
    })
}

/// A call of another language's module whose arguments stand elsewhere in ours.
pub(super) fn member_call(module: &str, function: &str) -> Option<Ours> {
    const HELP: &str = "strings, arrays and maps have methods";
    Some(match (module, function) {
        ("Object", "keys") => called("$0.keys()", HELP),
        ("Object", "values") => called("$0.values()", HELP),
        ("Object", "entries") => said("write `for k, v in m`"),
        ("Promise", "all") => called("all($0)", "futures are gathered by `all` and `race`"),
        ("Promise", "race" | "any") => called("race($0)", "futures are gathered by `all` and `race`"),
        ("asyncio", "gather") => said("write `await all([f(), g()])`"),
        ("asyncio", "sleep") => said("time.sleep(ms) waits"),
        ("Array", "from") => called("$0", HELP),
        ("strings", "ToUpper") => called("$0.upper()", HELP),
        ("strings", "ToLower") => called("$0.lower()", HELP),
        ("strings", "TrimSpace") => called("$0.trim()", HELP),
        ("strings", "Contains") => called("$0.contains($1)", HELP),
        ("strings", "HasPrefix") => called("$0.starts_with($1)", HELP),
        ("strings", "HasSuffix") => called("$0.ends_with($1)", HELP),
        ("strings", "Split") => called("$0.split($1)", HELP),
        ("strings", "Join") | ("table", "concat") => called("$0.join($1)", HELP),
        ("strings", "Repeat") => called("$0.repeat($1)", HELP),
        ("strings", "Index") => called("$0.index_of($1)", HELP),
        ("strings", "ReplaceAll") => called("$0.replace($1, $2)", HELP),
        ("strconv", "Itoa") => called("str($0)", HELP),
        ("strconv", "Atoi") => called("parse_int($0)", HELP),
        ("table", "insert") => called("$0.push($1)", HELP),
        ("table", "remove") => called("$0.pop()", HELP),
        ("table", "sort") => called("$0.sort()", HELP),
        ("Vec" | "VecDeque" | "ArrayList", "new") => called("[]", "an empty array is `[]`"),
        ("HashMap" | "BTreeMap" | "Map", "new") => called("{}", "an empty map is `{}`"),
        ("String", "new") => called("\"\"", "an empty string is `\"\"`"),
        ("String", "from") => called("$0", "a literal is a string already"),
        ("Box" | "Rc" | "Arc" | "RefCell", "new") => called("$0", "structs, arrays and maps are references"),
        _ => return None,
    })
}

/// A function of another language's module.
pub(super) fn function_of(module: &str, function: &str) -> Option<&'static str> {
    Some(match (module, function) {
        ("console" | "Console", _) | ("fmt", "Println" | "println") | ("System", "println") => "println",
        ("fmt", "Printf" | "Print" | "Sprintf") => "print",
        ("Math" | "math", "random") => "random.float",
        ("Math" | "math", "fabs") => "abs",
        ("Math" | "math", "ceiling") => "ceil",
        ("JSON" | "json", "parse" | "loads") => "json_parse",
        ("JSON" | "json", "stringify" | "dumps") => "json_str",
        ("Number" | "Integer", "parseInt") => "parse_int",
        ("Number", "parseFloat") => "parse_float",
        ("String", _) => "str",
        ("Date" | "performance", "now") => "time.now",
        ("os" | "process", "getenv") => "env.get",
        _ => return None,
    })
}

/// A constant of another language's module.
pub(super) fn constant_of(module: &str, name: &str) -> Option<&'static str> {
    Some(match (module, name) {
        ("Math" | "math", "PI" | "pi") => "PI",
        ("Math" | "math", "E" | "e") => "E",
        ("math", "inf") | ("Number", "POSITIVE_INFINITY") => "float.INF",
        ("math", "nan") | ("Number", "NaN") => "float.NAN",
        ("Number", "MAX_SAFE_INTEGER" | "MAX_VALUE")
        | ("sys", "maxsize")
        | ("Integer" | "Long", "MAX_VALUE") => "int.MAX",
        ("Integer" | "Long", "MIN_VALUE") => "int.MIN",
        _ => return None,
    })
}

/// A type.
pub(super) fn type_name(text: &str) -> Option<&'static str> {
    Some(match text {
        "String" | "text" | "char" | "Char" | "Text" => "string",
        "Int" | "integer" | "Integer" | "long" | "isize" | "usize" | "uint" | "number" | "int64"
        | "Number" => "int",
        "double" | "Double" | "Float" | "real" | "float64" => "float",
        "float32" => "f32",
        "boolean" | "Boolean" | "Bool" => "bool",
        "byte" | "uint8" => "u8",
        "int32" => "i32",
        "uint32" => "u32",
        "void" | "Void" | "unit" | "Unit" => "()",
        "Any" | "object" | "Object" | "dynamic" | "unknown" | "auto" | "var" => "any",
        "dict" | "Dict" | "HashMap" | "object_map" | "Record" | "table" => "Map",
        _ => return None,
    })
}
