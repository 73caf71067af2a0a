//! A path template, and the request targets that fit it.

use super::Fault;

/// The segments of a template. Routes sort by how literal they are: at the first segment in which two differ, the
/// literal one comes first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Route(Vec<Segment>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    Parameter,
}

impl Route {
    pub(super) fn parse(template: &str) -> Result<Route, Fault> {
        let segments = template.split('/').map(|segment| match segment.contains(['{', '}']) {
            false => Ok(Segment::Literal(segment.to_owned())),
            true if is_parameter(segment) => Ok(Segment::Parameter),
            true => Err(Fault(format!("{segment:?} in {template} is neither a literal nor one parameter"))),
        });
        segments.collect::<Result<_, _>>().map(Route)
    }

    /// Whether a request target, its query left aside, fits. A parameter takes any segment that is not empty.
    pub(super) fn fits(&self, target: &str) -> bool {
        let path = target.split('?').next().unwrap_or_default();
        let mut segments = path.split('/');
        let fits = self.0.iter().all(|segment| match (segment, segments.next()) {
            (Segment::Literal(literal), Some(actual)) => literal == actual,
            (Segment::Parameter, Some(actual)) => !actual.is_empty(),
            (_, None) => false,
        });
        fits && segments.next().is_none()
    }
}

fn is_parameter(segment: &str) -> bool {
    let name = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| !name.is_empty() && !name.contains(['{', '}']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_takes_one_segment() {
        let route = Route::parse("/api/{version}/users/{userId}").unwrap();
        for target in ["/api/v1/users/7", "/api/v1.4/users/%2F?x=/a/b", "/api/../users/~"] {
            assert!(route.fits(target), "{target}");
        }
        for target in
            ["/api/v1/users/", "/api/v1/users", "/api/v1/users/7/", "//v1/users/7", "/api/v1/Users/7", ""]
        {
            assert!(!route.fits(target), "{target}");
        }
    }

    #[test]
    fn the_literal_comes_first() {
        let mut routes =
            ["/{a}/x", "/users/{id}", "/users/me"].map(|template| Route::parse(template).unwrap());
        routes.sort();
        assert_eq!(
            routes,
            ["/users/me", "/users/{id}", "/{a}/x"].map(|template| Route::parse(template).unwrap())
        );
    }

    #[test]
    fn what_is_half_a_parameter_is_refused() {
        for template in ["/{id}.json", "/{a}{b}", "/{}", "/a}", "/{{a}}"] {
            assert!(Route::parse(template).is_err(), "{template}");
        }
    }
}
