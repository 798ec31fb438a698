//! The table of contents: which request goes where.

mod container;
mod exec;
mod image;
mod network;
mod pattern;
mod plugin;
mod swarm;
mod system;
mod volume;

use std::future::Future;
use std::pin::Pin;

use api::version::ApiVersion;
use fault::Result;
use http::Method;

use crate::answer::Answer;
use crate::request::Call;

pub(crate) use pattern::Params;

/// A handler at work.
pub(crate) type Handling = Pin<Box<dyn Future<Output = Result<Answer>> + Send>>;

/// One line of the table.
pub(crate) struct Route {
    method: Method,
    pattern: &'static str,
    /// Older versions do not know it.
    pub(crate) since: ApiVersion,
    /// What is done.
    pub(crate) action: Action,
}

/// What a route does.
#[derive(Clone, Copy)]
pub(crate) enum Action {
    /// Calls the handler.
    Now(fn(Call) -> Handling),
    /// Is not there yet; the text names it.
    Later(&'static str),
}

/// `METHOD "pattern" since N => handler;` or `=> "what is not there yet";`. `N` is the version 1.N, `{x}` one segment of
/// the path, `{x:.*}` any number of them.
macro_rules! routes {
    ($($method:ident $pattern:literal since $since:literal => $action:tt $(:: $more:ident)*;)+) => {
        pub(super) static ROUTES: &[Route] = &[$(Route {
            method: Method::$method,
            pattern: $pattern,
            since: ApiVersion::v1($since),
            action: routes!(@action $action $(:: $more)*),
        }),+];
    };
    (@action $later:literal) => { Action::Later($later) };
    (@action $handler:path) => { Action::Now(|call| Box::pin($handler(call))) };
}

mod table;

/// The route of a request, and the values of its pattern.
pub(crate) fn find(method: &Method, path: &str) -> Option<(&'static Route, Params)> {
    table::ROUTES
        .iter()
        .filter(|route| route.method == *method)
        .find_map(|route| pattern::matches(route.pattern, path).map(|params| (route, params)))
}
