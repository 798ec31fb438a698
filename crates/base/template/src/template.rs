//! A template: parsed once, run for each object.

use super::eval::{Machine, Stop};
use super::undefined;
use super::value::Value;
use gotmpl::parse::{DefineNode, ListNode, Parser};

/// A parsed template.
pub struct Template {
    name: &'static str,
    source: String,
    tree: ListNode,
    defines: Vec<DefineNode>,
}

impl Template {
    /// Parses `source`. The error is Go's text, without what docker puts before it.
    pub fn parse(source: &str) -> Result<Template, String> {
        Self::parse_named("", source)
    }

    /// The same for a template with a name, which all errors tell.
    pub fn parse_named(name: &'static str, source: &str) -> Result<Template, String> {
        let parsed = Parser::new(source, "{{", "}}").and_then(Parser::parse);
        let (tree, defines) = parsed.map_err(|error| parse_message(name, &error))?;
        let template = Template { name, source: source.into(), tree, defines };
        let lists = std::iter::once(&template.tree).chain(template.defines.iter().map(|define| &define.body));
        match lists.filter_map(undefined::function).next() {
            Some((offset, function)) => {
                let line = source.get(..offset).unwrap_or("").matches('\n').count() + 1;
                Err(format!("template: {name}:{line}: function {} not defined", human::quote(&function)))
            }
            None => Ok(template),
        }
    }

    /// With a name, which errors tell.
    pub fn named(mut self, name: &'static str) -> Template {
        self.name = name;
        self
    }

    /// Runs it. The error is Go's text.
    pub fn run(&self, dot: &Value) -> Result<String, String> {
        self.execute(dot, false)
    }

    /// Runs it on the names of a table's columns.
    pub fn header(&self, dot: &Value) -> Result<String, String> {
        self.execute(dot, true)
    }

    fn execute(&self, dot: &Value, header: bool) -> Result<String, String> {
        let mut machine = Machine::new(&self.defines, header);
        match machine.run(&self.tree, dot) {
            Ok(()) => Ok(machine.out),
            Err(Stop::Error { offset, at, why }) => {
                Err(format!("{} executing {} at <{at}>: {why}", self.place(offset), human::quote(self.name)))
            }
            Err(_) => Err("template: break or continue outside range".into()),
        }
    }

    /// Go counts lines from one and bytes of a line from zero.
    fn place(&self, offset: usize) -> String {
        let before = self.source.get(..offset).unwrap_or("");
        let line = before.matches('\n').count() + 1;
        let column = before.len() - before.rfind('\n').map_or(0, |at| at + 1);
        format!("template: {}:{line}:{column}:", self.name)
    }
}

/// Go tells the line of a syntax error, not its column.
fn parse_message(name: &str, error: &gotmpl::TemplateError) -> String {
    match error {
        gotmpl::TemplateError::Parse { line, message, .. } | gotmpl::TemplateError::Lex { line, message, .. } => {
            format!("template: {name}:{line}: {message}")
        }
        other => format!("template: {name}:1: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Object;
    use std::rc::Rc;

    fn data() -> Value {
        let json: serde_json::Value = serde_json::from_str(
            r#"{"State":{"Running":true,"Pid":7},"Ports":{"80/tcp":[{"HostPort":"8080"}]},"Name":"/web","L":["a","b"],"N":null,"Labels":{"com.x":"1"}}"#,
        )
        .unwrap();
        let Value::Object(object) = Value::from(&json) else { unreachable!() };
        let label: crate::Method = Rc::new(|args| Ok(Value::from(format!("<{}>", args[0].print()))));
        Object {
            type_name: "",
            fields: object.fields.clone(),
            omitted: vec![("Health".into(), Value::Nil)],
            methods: vec![("Label", label)],
            prints_bare: false,
        }
        .into()
    }

    fn run(source: &str) -> String {
        Template::parse(source).and_then(|template| template.run(&data())).unwrap_or_else(|error| format!("! {error}"))
    }

    #[test]
    fn fields_methods_and_functions() {
        assert_eq!(run("{{.Name}} {{.State.Pid}} {{.N}}"), "/web 7 <no value>");
        assert_eq!(run("{{json .State}} {{.State}}"), r#"{"Running":true,"Pid":7} map[Pid:7 Running:true]"#);
        assert_eq!(run(r#"{{.Label "x"}} {{index .Labels "com.x"}} {{"y" | .Label}}"#), "<x> 1 <y>");
        assert_eq!(run(r#"{{range $p, $c := .Ports}}{{$p}}->{{(index $c 0).HostPort}}{{end}}"#), "80/tcp->8080");
        assert_eq!(
            run(r#"{{join .L "-"}} {{len .L}} {{upper "a"}} {{title "ab cd"}} {{truncate "abc" 2}}|{{pad "x" 1 2}}|"#),
            "a-b 2 A Ab Cd ab| x  |"
        );
        assert_eq!(run(r#"{{if .Health}}yes{{else}}no{{end}}{{with .State}}{{.Pid}}{{end}}"#), "no7");
        assert_eq!(run(r#"{{printf "%-5s|%d|%q" .Name 3 "x"}} {{println "a"}}"#), "/web |3|\"x\" a\n");
        assert_eq!(
            run(r#"{{range .L}}{{if eq . "b"}}{{break}}{{end}}{{.}}{{end}}{{and true .Name}}{{not true}}"#),
            "a/webfalse"
        );
        assert_eq!(run(r#"{{define "t"}}[{{.}}]{{end}}{{template "t" .Name}}{{slice "abc" 1}}"#), "[/web]bc");
        assert_eq!(run("{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}"), "2");
    }

    #[test]
    fn errors_have_gos_words_and_places() {
        assert_eq!(run("{{.Nope}}"), r#"! template: :1:2: executing "" at <.Nope>: map has no entry for key "Nope""#);
        assert_eq!(
            run("{{.State.Nope}}"),
            r#"! template: :1:8: executing "" at <.State.Nope>: map has no entry for key "Nope""#
        );
        assert_eq!(run("{{.Name"), "! template: :1: unclosed action");
        assert_eq!(run("{{if true}}{{(nope .Name).X}}{{end}}"), "! template: :1: function \"nope\" not defined");
        assert!(run("{{.Name.X}}").ends_with("can't evaluate field X in type string"));
        assert!(run(r#"{{define "t"}}{{template "t"}}{{end}}{{template "t"}}"#).contains("depth"));
    }
}
