//! Finds functions that do not exist, which Go refuses before anything runs.

use super::funcs;
use gotmpl::parse::{BranchNode, Expr, ListNode, Node, PipeNode};

/// The first unknown function of a template and its place in the source.
pub fn function(list: &ListNode) -> Option<(usize, String)> {
    list.nodes.iter().find_map(node)
}

fn node(node: &Node) -> Option<(usize, String)> {
    match node {
        Node::Action(action) => pipe(&action.pipe),
        Node::If(branch) | Node::Range(branch) | Node::With(branch) => branches(branch),
        Node::Template(call) => call.pipe.as_ref().and_then(pipe),
        Node::List(list) => function(list),
        Node::Define(define) => function(&define.body),
        Node::Text(_) | Node::Break(_) | Node::Continue(_) => None,
    }
}

fn branches(branch: &BranchNode) -> Option<(usize, String)> {
    pipe(&branch.pipe).or_else(|| function(&branch.body)).or_else(|| branch.else_body.as_ref().and_then(function))
}

fn pipe(pipe: &PipeNode) -> Option<(usize, String)> {
    pipe.commands.iter().flat_map(|command| &command.args).find_map(expression)
}

fn expression(expression_: &Expr) -> Option<(usize, String)> {
    match expression_ {
        Expr::Identifier(pos, name) if !funcs::exists(name) => Some((pos.offset, name.to_string())),
        Expr::Pipe(_, inner) => pipe(inner),
        Expr::Chain(_, inner, _) => expression(inner),
        _ => None,
    }
}
