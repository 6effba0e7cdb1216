//! `mog lsp`, as an editor talks to it.

use std::error::Error;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use mog_tests::place::Place;
use serde_json::{Value, json};

type Outcome<T> = Result<T, Box<dyn Error>>;
type Test = Outcome<()>;

const LIMIT: Duration = Duration::from_secs(20);

/// An editor with one folder. Dropped, it kills the server.
struct Editor {
    place: Place,
    child: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Value>,
    asked: u64,
}

impl Drop for Editor {
    fn drop(&mut self) {
        // If it has ended already there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(from: &mut impl BufRead) -> Option<Value> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if from.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim().split_once(": ") {
            Some(("Content-Length", number)) => length = number.parse().ok()?,
            Some(_) => {}
            None => break,
        }
    }
    let mut body = vec![0; length];
    from.read_exact(&mut body).ok()?;
    serde_json::from_slice(&body).ok()
}

impl Editor {
    fn start(place: Place, args: &[&str]) -> Outcome<Self> {
        let mut child = Command::new(place.command())
            .arg("lsp")
            .args(args)
            .current_dir(place.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (sender, messages) = channel();
        let mut output = BufReader::new(child.stdout.take().ok_or("no output")?);
        thread::spawn(move || {
            while let Some(message) = read(&mut output) {
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take();
        let mut editor = Self { place, child, input, messages, asked: 0 };
        let answer = editor.ask("initialize", json!({ "capabilities": {} }))?;
        assert_eq!(answer["capabilities"]["hoverProvider"], true, "{answer}");
        editor.tell("initialized", json!({}))?;
        Ok(editor)
    }

    fn send(&mut self, message: &Value) -> Test {
        let body = message.to_string();
        let input = self.input.as_mut().ok_or("the input is closed")?;
        write!(input, "Content-Length: {}\r\n\r\n{body}", body.len())?;
        Ok(input.flush()?)
    }

    fn tell(&mut self, method: &str, params: Value) -> Test {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }))
    }

    /// The whole answer to a request.
    fn answer(&mut self, method: &str, params: Value) -> Outcome<Value> {
        self.asked += 1;
        let id = self.asked;
        self.send(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }))?;
        loop {
            let message = self.messages.recv_timeout(LIMIT)?;
            if message["id"] == id {
                return Ok(message);
            }
        }
    }

    /// The result of a request.
    fn ask(&mut self, method: &str, params: Value) -> Outcome<Value> {
        let mut answer = self.answer(method, params)?;
        match answer.get("error") {
            Some(error) => Err(format!("{method}: {error}").into()),
            None => Ok(answer["result"].take()),
        }
    }

    fn uri(&self, name: &str) -> String {
        format!("file://{}", self.place.path().join(name).display())
    }

    /// What the server publishes next of a document.
    fn published(&self, name: &str) -> Outcome<Vec<Value>> {
        let uri = self.uri(name);
        loop {
            let mut message = self.messages.recv_timeout(LIMIT)?;
            let params = &mut message["params"];
            if message_is_of(params, &uri) {
                return Ok(serde_json::from_value(params["diagnostics"].take())?);
            }
        }
    }

    fn open(&mut self, name: &str, text: &str) -> Outcome<Vec<Value>> {
        let document = json!({ "uri": self.uri(name), "languageId": "mog", "version": 1, "text": text });
        self.tell("textDocument/didOpen", json!({ "textDocument": document }))?;
        self.published(name)
    }

    fn change(&mut self, name: &str, text: &str) -> Outcome<Vec<Value>> {
        let document = json!({ "uri": self.uri(name), "version": 2 });
        let changes = json!([{ "text": text }]);
        self.tell("textDocument/didChange", json!({ "textDocument": document, "contentChanges": changes }))?;
        self.published(name)
    }

    fn ask_at(&mut self, request: &str, name: &str, place: Value) -> Outcome<Value> {
        let document = json!({ "uri": self.uri(name) });
        let mut params = json!({ "textDocument": document, "position": place });
        if request == "references" {
            params["context"] = json!({ "includeDeclaration": true });
        }
        self.ask(&format!("textDocument/{request}"), params)
    }

    /// What hovering over a place shows.
    fn hover(&mut self, name: &str, place: Value) -> Outcome<String> {
        let hover = self.ask_at("hover", name, place)?;
        let text = hover["contents"]["value"].as_str().unwrap_or("");
        Ok(text.trim_start_matches("```mog\n").trim_end_matches("\n```").to_owned())
    }

    /// Ends as editors do; gives the exit code.
    fn end(mut self) -> Outcome<Option<i32>> {
        self.ask("shutdown", Value::Null)?;
        self.tell("exit", Value::Null)?;
        self.input = None;
        Ok(self.child.wait()?.code())
    }
}

fn message_is_of(params: &Value, uri: &str) -> bool {
    params["uri"] == uri && params.get("diagnostics").is_some()
}

/// Where the `number`th occurrence of a text begins.
fn at(source: &str, text: &str, number: usize) -> Value {
    let offset = source.match_indices(text).nth(number).map_or(0, |(offset, _)| offset);
    let before = &source[..offset];
    let line = before.matches('\n').count();
    let column = before.rsplit('\n').next().unwrap_or("").encode_utf16().count();
    json!({ "line": line, "character": column })
}

/// The text after edits, which are in order.
fn edited(source: &str, edits: &Value) -> String {
    let offset = |place: &Value| {
        let (line, column) = (place["line"].as_u64().unwrap_or(0), place["character"].as_u64().unwrap_or(0));
        let start: usize = source.split_inclusive('\n').take(line as usize).map(str::len).sum();
        let mut units = 0;
        let in_line = source[start..].char_indices().find(|(_, c)| {
            let found = units >= column;
            units += c.len_utf16() as u64;
            found
        });
        in_line.map_or(source.len(), |(at, _)| start + at)
    };
    let mut text = source.to_owned();
    for edit in edits.as_array().into_iter().flatten().rev() {
        let range = offset(&edit["range"]["start"])..offset(&edit["range"]["end"]);
        text.replace_range(range, edit["newText"].as_str().unwrap_or(""));
    }
    text
}

#[test]
fn mistakes_are_shown_where_they_are_and_the_fix_is_offered() -> Test {
    let mut editor = Editor::start(Place::new()?, &["--stdio"])?;
    // A place counts units of UTF-16: two for the face.
    let source = "fn main() {\n    total := 1\n    println(\"😀\", totl)\n}\n";
    let found = editor.open("p.mog", source)?;
    let [mistake] = found.as_slice() else { return Err(format!("{found:?}").into()) };
    assert_eq!(mistake["range"]["start"], at(source, "totl", 0));
    assert_eq!((&mistake["severity"], &mistake["code"]), (&json!(1), &json!("unknown-name")), "{mistake}");
    let message = mistake["message"].as_str().unwrap_or("");
    assert!(message.contains("`totl`") && message.contains("`total`"), "{message}");

    let range = json!({ "start": at(source, "totl", 0), "end": at(source, "totl", 0) });
    let document = json!({ "uri": editor.uri("p.mog") });
    let params = json!({ "textDocument": document, "range": range, "context": { "diagnostics": [] } });
    let actions = editor.ask("textDocument/codeAction", params)?;
    let edits = &actions[0]["edit"]["changes"][editor.uri("p.mog").as_str()];
    let fixed = edited(source, edits);
    assert_eq!(fixed, source.replace("totl", "total"), "{actions}");
    assert_eq!(editor.change("p.mog", &fixed)?, Vec::<Value>::new());

    let elsewhere = json!({ "start": at(source, "fn", 0), "end": at(source, "fn", 0) });
    editor.change("p.mog", source)?;
    let document = json!({ "uri": editor.uri("p.mog") });
    let params = json!({ "textDocument": document, "range": elsewhere, "context": { "diagnostics": [] } });
    assert_eq!(editor.ask("textDocument/codeAction", params)?, json!([]));
    assert_eq!(editor.end()?, Some(0));
    Ok(())
}

#[test]
fn what_a_name_stands_for_is_shown() -> Test {
    let source = "\
requires log
const LIMIT = 10
struct Point { x: float, y: float }
enum Shape { Dot, Circle(float) }
type Points = [Point]
count := 0
async fn fetch(name: string) -> int { 1 }
fn area(w: float, h: float) -> float {
    f := fn(n) { n * w }
    f(h)
}
fn main() {
    p := Point { x: 1.0, y: 2.0 }
    ps: Points = [p]
    for i, q in ps { println(i, q.x) }
    count += LIMIT
    log.write(\"done\")
    match Shape.Circle(2.0) { Circle(r) => println(area(r, 1.0)), Dot => {} }
    try { risky() } catch problem { println(problem) }
}
fn risky() { panic(\"no\") }
";
    let mut editor = Editor::start(Place::new()?, &[])?;
    let found = editor.open("p.mog", source)?;
    assert!(found.iter().all(|problem| problem["severity"] != 1), "{found:?}");
    for (text, number, shown) in [
        ("LIMIT", 0, "const LIMIT: int"),
        ("LIMIT", 1, "const LIMIT: int"),
        ("Point ", 1, "struct Point { x: float, y: float }"),
        ("Shape", 1, "enum Shape { Dot, Circle(float) }"),
        ("Points", 1, "type Points = [Point]"),
        ("count", 1, "count: int"),
        ("fetch", 0, "async fn fetch(name: string) -> int"),
        ("area", 1, "fn area(w: float, h: float) -> float"),
        ("f(h)", 0, "f: fn(float) -> float"),
        ("w }", 0, "w: float"),
        ("n *", 0, "n: float"),
        ("p := ", 0, "p: Point"),
        ("i, q", 0, "i: int"),
        ("q.x", 0, "q: Point"),
        ("x) }", 0, "float"),
        ("r) =>", 0, "r: float"),
        ("r, 1.0", 0, "r: float"),
        ("write", 0, "fn log.write(message: string)"),
        ("problem)", 0, "problem: string"),
        ("1.0, y", 0, "float"),
    ] {
        let place = at(source, text, number);
        let hover = editor.hover("p.mog", place.clone())?;
        assert_eq!(hover, shown, "{text} at {place}");
    }
    assert_eq!(editor.hover("p.mog", at(source, "fn main", 0))?, "");
    assert_eq!(editor.end()?, Some(0));
    Ok(())
}

#[test]
fn a_broken_program_still_has_names() -> Test {
    let source =
        "fn main() {\n    total := 1\n    println(total)\n    total.\n}\nfn rest(a: int) -> int { a + \n";
    let mut editor = Editor::start(Place::new()?, &[])?;
    assert!(!editor.open("p.mog", source)?.is_empty());
    assert_eq!(editor.hover("p.mog", at(source, "total", 1))?, "total: int");
    assert_eq!(editor.hover("p.mog", at(source, "a +", 0))?, "a: int");
    Ok(())
}

#[test]
fn declarations_and_uses_are_found_across_files() -> Test {
    let place = Place::new()?;
    let module = "pub const SIDES = 4\npub fn area(w: int) -> int { w * w }\n";
    place.write("geometry.mog", module)?;
    let mut editor = Editor::start(place, &[])?;
    let source = "import geometry\nfn main() {\n    side := 3\n    println(geometry.area(side), geometry.SIDES)\n    \
                  show := fn() { side }\n    println(show())\n}\n";
    assert_eq!(editor.open("p.mog", source)?, Vec::<Value>::new());
    let there = editor.uri("geometry.mog");

    for (name, declared) in [("area", at(module, "area", 0)), ("SIDES", at(module, "SIDES", 0))] {
        let found = editor.ask_at("definition", "p.mog", at(source, name, 0))?;
        assert_eq!((&found["uri"], &found["range"]["start"]), (&json!(there), &declared), "{name}");
    }
    let found = editor.ask_at("definition", "p.mog", at(source, "geometry", 1))?;
    assert_eq!((&found["uri"], &found["range"]["start"]["line"]), (&json!(there), &json!(0)));

    let uses = editor.ask_at("references", "p.mog", at(source, "side", 1))?;
    let places: Vec<_> =
        uses.as_array().into_iter().flatten().map(|one| one["range"]["start"].clone()).collect();
    assert_eq!(places, (0..3).map(|number| at(source, "side", number)).collect::<Vec<_>>());
    let either = "enum E { A(int), B(int) }\nfn f(e: E) -> int {\n    match e { A(v) | B(v) => v }\n}\n";
    editor.open("either.mog", either)?;
    let found = editor.ask_at("definition", "either.mog", at(either, "v) =>", 0))?;
    assert_eq!(found["range"]["start"], at(either, "v)", 0));
    let marks = editor.ask_at("documentHighlight", "either.mog", at(either, "v }", 0))?;
    assert_eq!(marks.as_array().map(Vec::len), Some(3));
    let marks = editor.ask_at("documentHighlight", "p.mog", at(source, "side", 2))?;
    assert_eq!(marks.as_array().map(Vec::len), Some(3));
    assert_eq!(editor.ask_at("definition", "p.mog", at(source, "println", 0))?, Value::Null);
    Ok(())
}

#[test]
fn an_open_module_is_as_the_editor_has_it() -> Test {
    let place = Place::new()?;
    place.write("geometry.mog", "pub fn area(w: int) -> int { w * w }\n")?;
    let mut editor = Editor::start(place, &[])?;
    let source = "import geometry\nfn main() { println(geometry.area(2)) }\n";
    assert_eq!(editor.open("p.mog", source)?, Vec::<Value>::new());
    editor.open("geometry.mog", "pub fn area(w: string) -> int { w.len }\n")?;
    let found = editor.published("p.mog")?;
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["range"]["start"], at(source, "2", 0));

    editor.change("geometry.mog", "pub fn area(w: int) -> int { w + }\n")?;
    let found = editor.published("p.mog")?;
    assert_eq!(found[0]["range"]["start"], at(source, "geometry", 0), "{found:?}");
    assert!(found[0]["message"].as_str().unwrap_or("").contains("geometry.mog has an error"), "{found:?}");

    // Closed, it is again what the file says.
    let document = json!({ "uri": editor.uri("geometry.mog") });
    editor.tell("textDocument/didClose", json!({ "textDocument": document }))?;
    assert_eq!(editor.published("geometry.mog")?, Vec::<Value>::new());
    assert_eq!(editor.published("p.mog")?, Vec::<Value>::new());
    Ok(())
}

#[test]
fn a_source_is_formatted_outlined_and_completed() -> Test {
    let place = Place::new()?;
    place.write("board.mogdecl", "capability led { fn set(pin: int, on: bool) }\n")?;
    let mut editor = Editor::start(place, &["--declare", "board.mogdecl"])?;
    let source = "struct Point { x: int }\nenum Kind { A, B }\nconst N=1\nfn main() {\nlevel:=N\nled.set(level, true)\nlog.\n}\n";
    editor.open("p.mog", source)?;
    let document = json!({ "uri": editor.uri("p.mog") });

    let outline = editor.ask("textDocument/documentSymbol", json!({ "textDocument": document }))?;
    let names: Vec<_> = outline.as_array().into_iter().flatten().map(|one| one["name"].as_str()).collect();
    assert_eq!(names, [Some("Point"), Some("Kind"), Some("N"), Some("main")]);
    assert_eq!(outline[1]["children"][1]["name"], "B");

    let labels = |answer: Value| -> Vec<String> {
        let items = answer.as_array().cloned().unwrap_or_default();
        items.iter().filter_map(|item| Some(item["label"].as_str()?.to_owned())).collect()
    };
    let mut after_dot = at(source, "log.", 0);
    after_dot["character"] = json!(4);
    assert!(labels(editor.ask_at("completion", "p.mog", after_dot)?).contains(&"write".to_owned()));
    let of_led = editor.ask_at("completion", "p.mog", at(source, "set(", 0))?;
    assert_eq!(of_led[0]["detail"], "fn set(pin: int, on: bool)");
    let anywhere = labels(editor.ask_at("completion", "p.mog", at(source, "level", 0))?);
    for name in ["Point", "Kind", "N", "main", "level", "led", "log"] {
        assert!(anywhere.contains(&name.to_owned()), "{name} in {anywhere:?}");
    }

    // What has errors of syntax has no canonical form.
    let options = json!({ "tabSize": 8, "insertSpaces": false });
    let params = json!({ "textDocument": document, "options": options });
    assert_eq!(editor.ask("textDocument/formatting", params.clone())?, Value::Null);
    let whole = source.replace("log.\n", "");
    editor.change("p.mog", &whole)?;
    let formatted = edited(&whole, &editor.ask("textDocument/formatting", params.clone())?);
    assert!(formatted.contains("\n  let level := N\n"), "{formatted}");
    editor.change("p.mog", &formatted)?;
    assert_eq!(editor.ask("textDocument/formatting", params)?, json!([]));
    Ok(())
}

/// What completion offers in a function at the mark `|`, or behind this text: each with what it stands for.
fn offered(editor: &mut Editor, text: &str) -> Outcome<Vec<String>> {
    let (before, after) = text.split_once('|').unwrap_or((text, ""));
    let marked = PROGRAM.replace("HERE", &format!("{before}|{after}"));
    editor.open("p.mog", &marked.replace('|', ""))?;
    let place = at(&marked, "|", 0);
    let items = editor.ask_at("completion", "p.mog", place)?;
    let detail = |item: &Value| Some(item["detail"].as_str().or(item["label"].as_str())?.to_owned());
    Ok(items.as_array().into_iter().flatten().filter_map(detail).collect())
}

const PROGRAM: &str = "\
import geometry
struct Point { x: float, tags: [string] }
enum Shape { Dot, Circle(float) }
type Form = Shape
fn point() -> Point { Point { x: 1.0, tags: [] } }
fn maybe() -> ?int { none }
fn main() {
    p := point()
    ages := {\"ann\": 3}
    HERE
}
fn last() { println(1) }
";

#[test]
fn a_dot_offers_what_its_left_side_has() -> Test {
    let place = Place::new()?;
    place.write(
        "geometry.mog",
        "pub const SIDES = 4\npub fn area(w: int) -> int { hidden := w * w hidden }\n",
    )?;
    let mut editor = Editor::start(place, &[])?;
    for (text, all) in [
        ("p.", vec!["x: float", "tags: [string]"]),
        ("if true { println(p.ta", vec!["x: float", "tags: [string]"]),
        ("Form.", vec!["Dot", "Circle(float)"]),
        ("x: Shape = Shape.Ci", vec!["Dot", "Circle(float)"]),
        ("geometry.", vec!["const SIDES: int", "fn area(w: int) -> int"]),
        ("maybe().", vec!["fn unwrap_or(int) -> int", "fn is_some() -> bool", "fn is_none() -> bool"]),
        ("match Shape.Dot {\n        Shape.|\n    }", vec!["Dot", "Circle(float)"]),
        ("ps := soa Point[2]\n    ps.", vec!["len: int"]),
        ("ps := soa Point[2]\n    println(ps[0].|)", vec!["x: float", "tags: [string]"]),
        ("u8.", vec!["const MAX: u8", "const MIN: u8"]),
        ("p. ", vec!["x: float", "tags: [string]"]),
        ("p.log.", vec![]),
        ("nothing.", vec![]),
        ("println.", vec![]),
    ] {
        assert_eq!(offered(&mut editor, text)?, all, "{text}");
    }
    for (text, some) in [
        ("point().tags.", "fn push(string)"),
        ("point().tags.", "fn map(fn(string) -> T) -> [T]"),
        ("p.tags\n        .", "fn join(string) -> string"),
        ("(1 + 2).", "fn checked_add(int) -> ?int"),
        ("x := p.x.", "fn sqrt() -> float"),
        ("if p.tags[0].", "len: int"),
        ("for tag in p.tags { tag.", "fn split(string) -> [string]"),
        ("println(f\"é {ages.|}\")", "fn get(string) -> ?int"),
        ("println(f\"é {ages.", "fn get(string) -> ?int"),
        ("p.tags[0].", "fn is_some() -> bool"),
        ("p.tags.pop().", "fn unwrap_or(string) -> string"),
        ("p.tags.", "fn slice(int, int) -> [string]"),
        ("try { panic(\"\") } catch e { println(e.|) }", "message: string"),
        ("try { panic(\"\") } catch e { println(e.|) }", "fn upper() -> string"),
        ("println(geometry.|area(1))", "const SIDES: int"),
        ("log.", "available: bool"),
        ("log.", "fn write(message: string)"),
        ("", "match"),
        ("", "struct Point { x: float, tags: [string] }"),
    ] {
        let offers = offered(&mut editor, text)?;
        assert!(offers.iter().any(|offer| offer == some), "{text} {some}: {offers:?}");
    }
    for (text, wrong) in [("p.x.", "count_ones"), ("p.tags.", "sum"), ("[p].", "max")] {
        let offers = offered(&mut editor, text)?;
        assert!(!offers.iter().any(|offer| offer.contains(wrong)), "{text}: {offers:?}");
    }
    Ok(())
}

/// The texts of documents after a name at a place was renamed.
fn renamed(editor: &mut Editor, texts: &[(&str, &str)], place: Value, new: &str) -> Outcome<Vec<String>> {
    let document = json!({ "uri": editor.uri(texts[0].0) });
    let params = json!({ "textDocument": document, "position": place, "newName": new });
    let answer = editor.ask("textDocument/rename", params)?;
    let text = |(name, text): &(&str, &str)| edited(text, &answer["changes"][editor.uri(name).as_str()]);
    Ok(texts.iter().map(text).collect())
}

#[test]
fn a_name_is_renamed_where_it_stands_and_nowhere_else() -> Test {
    let place = Place::new()?;
    let module = "pub fn area(w: int) -> int { w * w }\npub fn twice(w: int) -> int { area(w) + area(w) }\n";
    place.write("geometry.mog", module)?;
    let mut editor = Editor::start(place, &[])?;
    let source = "import geometry\nfn area() -> int { 1 }\nfn main() {\n    side := 3\n    \
                  println(f\"é {side}\", geometry.area(side), area())\n    show := fn(area: int) { side + area }\n    \
                  println(show(1))\n}\n";
    let other = "import geometry\nprintln(geometry.area(2))\n";
    assert_eq!(editor.open("p.mog", source)?, Vec::<Value>::new());
    editor.open("other.mog", other)?;

    let after = renamed(&mut editor, &[("p.mog", source)], at(source, "side", 2), "edge_length")?;
    assert_eq!(after, [source.replace("side", "edge_length")]);

    // A function of a module that is not open: in its file and in all open programs.
    let files = [("p.mog", source), ("other.mog", other), ("geometry.mog", module)];
    let after = renamed(&mut editor, &files, at(source, "area(side)", 0), "size")?;
    let expected = [
        source.replace("geometry.area", "geometry.size"),
        other.replace("area", "size"),
        module.replace("area", "size"),
    ];
    assert_eq!(after, expected);

    let what = editor.ask_at("prepareRename", "p.mog", at(source, "show", 1))?;
    assert_eq!(what["placeholder"], "show");
    for (text, number, new, said) in [
        // It would mean the parameter.
        ("side", 0, "area", "another meaning"),
        ("main", 0, "start", "by its name"),
        ("area() ->", 0, "main", "by that name"),
        ("side", 0, "a b", "is no name"),
        ("side", 0, "while", "is no name"),
        ("side", 0, "", "is no name"),
        ("side", 0, "x // ", "is no name"),
        ("println", 0, "print", "none that is known"),
        ("geometry", 0, "shapes", "as its file"),
    ] {
        let document = json!({ "uri": editor.uri("p.mog") });
        let params =
            json!({ "textDocument": document, "position": at(source, text, number), "newName": new });
        let answer = editor.answer("textDocument/rename", params)?;
        let message = answer["error"]["message"].as_str().unwrap_or("");
        assert!(message.contains(said), "{text} to {new}: {answer}");
    }
    Ok(())
}

#[test]
fn fields_keep_their_names_and_arguments_are_called_as_their_parameters() -> Test {
    let mut editor = Editor::start(Place::new()?, &[])?;
    let source = "struct P { x: int, y: int }\nfn f(a: int, b: int = 2) -> int { a + b }\nfn main() {\n    x := \
                  f(a: 1)\n    p := P { x, y: f(b: 3, a: 2) }\n    match p { P { x: 0, y } => println(y), P { x } => \
                  println(x) }\n}\n";
    assert_eq!(editor.open("p.mog", source)?, Vec::<Value>::new());
    let texts = [("p.mog", source)];
    let after = renamed(&mut editor, &texts, at(source, "x := ", 0), "first")?;
    assert_eq!(after, [source.replace("x := ", "first := ").replace("P { x, y", "P { x: first, y")]);
    let after = renamed(&mut editor, &texts, at(source, "x) }", 0), "y")?;
    assert_eq!(after, [source.replace("P { x } => println(x)", "P { x: y } => println(y)")]);
    let after = renamed(&mut editor, &texts, at(source, "y)", 0), "second")?;
    assert_eq!(after, [source.replace("y } => println(y)", "y: second } => println(second)")]);
    for number in 0..2 {
        let after = renamed(&mut editor, &texts, at(source, ["a: int", "a: 2"][number], 0), "one")?;
        let expected = source.replace("a: ", "one: ").replace("a + ", "one + ");
        assert_eq!(after, [expected]);
    }
    Ok(())
}

/// In what is not understood a name could stand too.
#[test]
fn a_name_is_renamed_where_there_are_no_errors() -> Test {
    let place = Place::new()?;
    place.write("geo.mog", "pub fn area(w: int) -> int { w }\n")?;
    let mut editor = Editor::start(place, &[])?;
    let refused = |editor: &mut Editor, source: &str| -> Test {
        let document = json!({ "uri": editor.uri("p.mog") });
        let params =
            json!({ "textDocument": document, "position": at(source, "area", 0), "newName": "size" });
        let answer = editor.answer("textDocument/rename", params)?;
        let message = answer["error"]["message"].as_str().unwrap_or("");
        assert!(message.contains("has errors"), "{source}: {answer}");
        Ok(())
    };
    for source in ["area := 1\nprintln(area) println(area)\n", "area := 1\ny := ) + area\n"] {
        editor.open("p.mog", source)?;
        refused(&mut editor, source)?;
    }
    let source = "import geo\nprintln(geo.area(1))\n";
    editor.open("p.mog", source)?;
    editor.open("other.mog", "import geo\ny := ) geo.area(2)\n")?;
    refused(&mut editor, source)
}

/// Many names of large types take as long as many names.
#[test]
fn large_programs_are_answered() -> Test {
    let mut editor = Editor::start(Place::new()?, &[])?;
    let variants: Vec<_> = (0..2000).map(|number| format!("V{number}")).collect();
    let uses: String = variants.iter().map(|variant| format!("    println(e == E.{variant})\n")).collect();
    let source = format!("enum E {{ {} }}\nfn f(e: E) {{\n{uses}}}\n", variants.join(", "));
    editor.open("p.mog", &source)?;
    let begun = std::time::Instant::now();
    let uses = editor.ask_at("references", "p.mog", at(&source, "E.V7", 0))?;
    assert_eq!(uses.as_array().map(Vec::len), Some(2002));
    assert!(begun.elapsed() < Duration::from_secs(8), "{:?}", begun.elapsed());
    Ok(())
}

#[test]
fn what_is_not_understood_is_answered() -> Test {
    let mut editor = Editor::start(Place::new()?, &[])?;
    assert_eq!(editor.answer("textDocument/nonsense", json!({}))?["error"]["code"], -32601);
    assert_eq!(editor.answer("textDocument/hover", json!({ "position": 1 }))?["error"]["code"], -32602);
    assert_eq!(editor.ask_at("hover", "not-open.mog", json!({ "line": 0, "character": 0 }))?, Value::Null);
    editor.tell("textDocument/didOpen", json!({ "textDocument": 1 }))?;
    editor.tell(
        "textDocument/didChange",
        json!({ "textDocument": { "uri": "file:///none", "version": 1 },
        "contentChanges": [{ "text": "x" }] }),
    )?;
    editor.tell("workspace/nonsense", Value::Null)?;
    // Places beyond the text are at its end, and a document need be no file.
    let document =
        json!({ "uri": "untitled:one", "languageId": "mog", "version": 1, "text": "import other\n" });
    editor.tell("textDocument/didOpen", json!({ "textDocument": document }))?;
    let params =
        json!({ "textDocument": { "uri": "untitled:one" }, "position": { "line": 900, "character": 9 } });
    assert_eq!(editor.ask("textDocument/hover", params)?, Value::Null);
    assert_eq!(editor.end()?, Some(0));
    Ok(())
}

#[test]
fn an_editor_that_goes_away_ends_it() -> Test {
    let mut editor = Editor::start(Place::new()?, &[])?;
    editor.input = None;
    let status = editor.child.wait()?;
    assert_eq!(status.code(), Some(64));
    let mut said = String::new();
    editor.child.stderr.take().ok_or("no stderr")?.read_to_string(&mut said)?;
    assert!(said.contains("the editor ended before it said so"), "{said}");
    Ok(())
}
