//! Runs a parsed template.
//!
//! The parser is gotmpl's; evaluation is our own because docker's templates name fields and methods of Go structures
//! (`{{.Label "x"}}`), print JSON with its fields in order, and report errors with their place.

use super::funcs;
use super::value::Value;
use gotmpl::parse::{BranchNode, CommandNode, DefineNode, Expr, ListNode, Node, Number, PipeNode, Pos};

/// Bounds nesting of `template` calls, so that one that calls itself ends.
const DEEPEST: usize = 100;

/// Why execution stopped.
pub enum Stop {
    /// An error: the place in the source, what was evaluated there, and why it failed.
    Error {
        /// The byte in the source.
        offset: usize,
        /// The expression's text.
        at: String,
        /// The cause.
        why: String,
    },
    /// `break`.
    Break,
    /// `continue`.
    Continue,
}

type Eval<T> = Result<T, Stop>;

fn fail<T>(pos: Pos, at: impl Into<String>, why: impl Into<String>) -> Eval<T> {
    Err(Stop::Error { offset: pos.offset, at: at.into(), why: why.into() })
}

/// The state of one execution.
pub struct Machine<'a> {
    /// Templates defined within the template.
    pub defines: &'a [DefineNode],
    /// Whether a table's header is made.
    pub header: bool,
    /// What was written.
    pub out: String,
    variables: Vec<(String, Value)>,
    depth: usize,
}

impl<'a> Machine<'a> {
    /// Ready to run.
    pub fn new(defines: &'a [DefineNode], header: bool) -> Machine<'a> {
        Machine { defines, header, out: String::new(), variables: Vec::new(), depth: 0 }
    }

    /// Runs a whole template with `dot`.
    pub fn run(&mut self, list: &ListNode, dot: &Value) -> Eval<()> {
        let outer = std::mem::replace(&mut self.variables, vec![("$".into(), dot.clone())]);
        let result = self.list(list, dot);
        self.variables = outer;
        result
    }

    fn list(&mut self, list: &ListNode, dot: &Value) -> Eval<()> {
        list.nodes.iter().try_for_each(|node| self.node(node, dot))
    }

    fn node(&mut self, node: &Node, dot: &Value) -> Eval<()> {
        match node {
            Node::Text(text) => self.out.push_str(&text.text),
            Node::Action(action) => {
                let value = self.pipe(&action.pipe, dot)?;
                if action.pipe.decl.is_empty() {
                    self.write(&value);
                }
            }
            Node::If(branch) => return self.scoped(|machine| machine.branch(branch, dot, false)),
            Node::With(branch) => return self.scoped(|machine| machine.branch(branch, dot, true)),
            Node::Range(branch) => return self.scoped(|machine| machine.range(branch, dot)),
            Node::Template(call) => return self.template(call, dot),
            Node::Define(_) => {}
            Node::List(list) => return self.list(list, dot),
            Node::Break(_) => return Err(Stop::Break),
            Node::Continue(_) => return Err(Stop::Continue),
        }
        Ok(())
    }

    fn write(&mut self, value: &Value) {
        match value {
            Value::Nil => self.out.push_str("<no value>"),
            other => self.out.push_str(&other.print()),
        }
    }

    fn scoped<T>(&mut self, work: impl FnOnce(&mut Self) -> Eval<T>) -> Eval<T> {
        let mark = self.variables.len();
        let result = work(self);
        self.variables.truncate(mark);
        result
    }

    fn branch(&mut self, branch: &BranchNode, dot: &Value, rebind: bool) -> Eval<()> {
        let value = self.pipe(&branch.pipe, dot)?;
        match (value.is_true(), &branch.else_body) {
            (true, _) => self.list(&branch.body, if rebind { &value } else { dot }),
            (false, Some(other)) => self.list(other, dot),
            (false, None) => Ok(()),
        }
    }

    fn range(&mut self, branch: &BranchNode, dot: &Value) -> Eval<()> {
        let value = self.commands(&branch.pipe, dot)?;
        let items: Vec<(Value, Value)> = match &value {
            Value::List(items) => {
                items.iter().enumerate().map(|(at, item)| (Value::Int(at as i64), item.clone())).collect()
            }
            Value::Object(object) if object.type_name.is_empty() => {
                let mut fields = object.fields.clone();
                fields.sort_by(|(a, _), (b, _)| a.cmp(b));
                fields.into_iter().map(|(name, value)| (Value::from(name), value)).collect()
            }
            Value::Int(count) => (0..*count).map(|at| (Value::Int(at), Value::Int(at))).collect(),
            Value::Nil | Value::Null(_) => Vec::new(),
            other => {
                return fail(
                    branch.pipe.pos,
                    describe_pipe(&branch.pipe),
                    format!("range can't iterate over {}", other.print()),
                );
            }
        };
        if items.is_empty() {
            return branch.else_body.as_ref().map_or(Ok(()), |other| self.list(other, dot));
        }
        for (key, item) in items {
            match self.scoped(|machine| machine.turn(branch, key, &item)) {
                Err(Stop::Break) => break,
                Err(Stop::Continue) | Ok(()) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn turn(&mut self, branch: &BranchNode, key: Value, item: &Value) -> Eval<()> {
        match branch.pipe.decl.as_slice() {
            [one] => self.set(one, item.clone(), branch.pipe.is_assign),
            [first, second] => {
                self.set(first, key, branch.pipe.is_assign);
                self.set(second, item.clone(), branch.pipe.is_assign);
            }
            _ => {}
        }
        self.list(&branch.body, item)
    }

    fn template(&mut self, call: &gotmpl::parse::TemplateNode, dot: &Value) -> Eval<()> {
        let Some(define) = self.defines.iter().find(|define| define.name == call.name) else {
            return fail(
                call.pos,
                format!("{{{{template {}}}}}", human::quote(&call.name)),
                format!("template {} not defined", human::quote(&call.name)),
            );
        };
        let value = call.pipe.as_ref().map_or(Ok(Value::Nil), |pipe| self.pipe(pipe, dot))?;
        if self.depth == DEEPEST {
            return fail(call.pos, call.name.to_string(), "exceeded maximum template depth");
        }
        self.depth += 1;
        let result = self.run(&define.body, &value);
        self.depth -= 1;
        result
    }

    fn set(&mut self, name: &str, value: Value, assign: bool) {
        let known = self.variables.iter_mut().rev().find(|(known, _)| assign && known == name);
        match known {
            Some((_, slot)) => *slot = value,
            None => self.variables.push((name.into(), value)),
        }
    }

    fn pipe(&mut self, pipe: &PipeNode, dot: &Value) -> Eval<Value> {
        let value = self.commands(pipe, dot)?;
        if let [name] = pipe.decl.as_slice() {
            self.set(name, value.clone(), pipe.is_assign);
        }
        Ok(value)
    }

    fn commands(&mut self, pipe: &PipeNode, dot: &Value) -> Eval<Value> {
        let mut last = None;
        for command in &pipe.commands {
            last = Some(self.command(command, dot, last)?);
        }
        Ok(last.unwrap_or(Value::Nil))
    }

    fn command(&mut self, command: &CommandNode, dot: &Value, piped: Option<Value>) -> Eval<Value> {
        let Some((first, rest)) = command.args.split_first() else { return Ok(Value::Nil) };
        match first {
            Expr::Identifier(pos, name) => self.function(*pos, name, rest, dot, piped),
            Expr::Chain(pos, inner, fields) if matches!(**inner, Expr::Identifier(..)) => {
                let Expr::Identifier(_, name) = &**inner else { return Ok(Value::Nil) };
                let value = self.function(*pos, name, rest, dot, piped)?;
                walk(*pos, &describe(first), value, fields)
            }
            _ => {
                let value = self.expression(first, dot)?;
                let mut args = self.arguments(rest, dot)?;
                args.extend(piped);
                match value {
                    Value::Method(method) => method(&args).or_else(|why| fail(first.pos(), describe(first), why)),
                    value if args.is_empty() => Ok(value),
                    _ => fail(
                        first.pos(),
                        describe(first),
                        format!("can't give argument to non-function {}", describe(first)),
                    ),
                }
            }
        }
    }

    fn arguments(&mut self, list: &[Expr], dot: &Value) -> Eval<Vec<Value>> {
        list.iter().map(|expression| self.argument(expression, dot)).collect()
    }

    /// A method named as an argument is called with none.
    fn argument(&mut self, expression: &Expr, dot: &Value) -> Eval<Value> {
        match self.expression(expression, dot)? {
            Value::Method(method) => method(&[]).or_else(|why| fail(expression.pos(), describe(expression), why)),
            value => Ok(value),
        }
    }

    fn function(&mut self, pos: Pos, name: &str, rest: &[Expr], dot: &Value, piped: Option<Value>) -> Eval<Value> {
        if name == "and" || name == "or" {
            return self.short_circuit(name, rest, dot, piped);
        }
        let mut args = self.arguments(rest, dot)?;
        args.extend(piped);
        match funcs::call(name, &args, self.header) {
            Some(Ok(value)) => Ok(value),
            Some(Err(why)) => fail(
                pos,
                std::iter::once(name.to_string()).chain(rest.iter().map(describe)).collect::<Vec<_>>().join(" "),
                format!("error calling {name}: {why}"),
            ),
            None => fail(pos, name, format!("function {} not defined", human::quote(name))),
        }
    }

    fn short_circuit(&mut self, name: &str, rest: &[Expr], dot: &Value, piped: Option<Value>) -> Eval<Value> {
        let mut last = Value::Nil;
        for expression in rest {
            last = self.argument(expression, dot)?;
            if last.is_true() == (name == "or") {
                return Ok(last);
            }
        }
        Ok(piped.unwrap_or(last))
    }

    fn expression(&mut self, expression: &Expr, dot: &Value) -> Eval<Value> {
        match expression {
            Expr::Dot(_) => Ok(dot.clone()),
            Expr::Field(pos, fields) => walk(*pos, &describe(expression), dot.clone(), fields),
            Expr::Variable(pos, name, fields) => {
                let known = self.variables.iter().rev().find(|(known, _)| known == name.as_str());
                match known {
                    Some((_, value)) => walk(*pos, &describe(expression), value.clone(), fields),
                    None => fail(*pos, name.to_string(), format!("undefined variable {}", human::quote(name))),
                }
            }
            Expr::String(_, text) => Ok(Value::from(&**text)),
            Expr::Number(_, Number::Int(value)) => Ok(Value::Int(*value)),
            Expr::Number(_, Number::Float(value)) => Ok(Value::Float(*value)),
            Expr::Number(pos, Number::Uint(value)) => fail(*pos, value.to_string(), format!("{value} overflows int")),
            Expr::Bool(_, value) => Ok(Value::Bool(*value)),
            Expr::Nil(_) => Ok(Value::Nil),
            Expr::Pipe(_, pipe) => self.pipe(pipe, dot),
            Expr::Identifier(pos, name) => self.function(*pos, name, &[], dot, None),
            Expr::Chain(pos, inner, fields) => {
                let value = self.argument(inner, dot)?;
                walk(*pos, &describe(expression), value, fields)
            }
        }
    }
}

/// Follows `fields` from `value`; all but the last must be there and be objects.
fn walk(pos: Pos, at: &str, value: Value, fields: &[gotmpl::parse::SmolStr]) -> Eval<Value> {
    let mut value = value;
    let mut before = 0;
    for field in fields {
        // Go points at the dot before the field that fails.
        let here = Pos { offset: pos.offset + before, line: pos.line };
        value = match &value {
            Value::Object(object) => match object.get(field) {
                Some(value) => value,
                None if object.type_name.is_empty() => {
                    return fail(here, at, format!("map has no entry for key {}", human::quote(field)));
                }
                None => return fail(here, at, format!("can't evaluate field {field} in type {}", value.type_name())),
            },
            Value::Nil | Value::Null(_) => {
                return fail(here, at, format!("nil data; no entry for key {}", human::quote(field)));
            }
            other => return fail(here, at, format!("can't evaluate field {field} in type {}", other.type_name())),
        };
        before += field.len() + 1;
    }
    Ok(value)
}

fn describe_pipe(pipe: &PipeNode) -> String {
    let command = |command: &CommandNode| command.args.iter().map(describe).collect::<Vec<_>>().join(" ");
    pipe.commands.iter().map(command).collect::<Vec<_>>().join(" | ")
}

fn describe(expression: &Expr) -> String {
    let dotted = |fields: &[gotmpl::parse::SmolStr]| fields.iter().map(|field| format!(".{field}")).collect::<String>();
    match expression {
        Expr::Dot(_) => ".".into(),
        Expr::Field(_, fields) => dotted(fields),
        Expr::Variable(_, name, fields) => format!("{name}{}", dotted(fields)),
        Expr::Identifier(_, name) => name.to_string(),
        Expr::String(_, text) => human::quote(text),
        Expr::Number(_, Number::Int(value)) => value.to_string(),
        Expr::Number(_, Number::Uint(value)) => value.to_string(),
        Expr::Number(_, Number::Float(value)) => value.to_string(),
        Expr::Bool(_, value) => value.to_string(),
        Expr::Nil(_) => "nil".into(),
        Expr::Pipe(_, pipe) => format!("({})", describe_pipe(pipe)),
        Expr::Chain(_, inner, fields) => format!("{}{}", describe(inner), dotted(fields)),
    }
}
