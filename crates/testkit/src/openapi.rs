//! A dialect's `openapi.yaml`, and whether an answer is one that it documents.
//!
//! OpenAPI 3.1, because its schemas are JSON Schema 2020-12 as it stands. Of a document this reads what decides about
//! answers: servers, paths, operations, responses, required response headers, content types and schemas. Where an answer
//! says that the request was accepted, the body of the request is held against the document too.

mod request;
mod route;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::http::Response;
use route::Route;

/// A document. Its schemas are compiled when they are first needed and then kept, so one document in a `LazyLock` serves
/// all tests of a binary.
#[derive(Debug)]
pub struct OpenApi {
    document: Value,
    operations: Vec<Operation>,
    /// By the schema's own text: the same reference stands in many responses.
    compiled: Mutex<HashMap<String, Arc<Validator>>>,
}

/// One documented call.
#[derive(Debug)]
pub struct Operation {
    /// In capitals.
    pub method: String,
    /// The template, as the document writes it.
    pub path: String,
    pub id: String,
    /// The template under each of the document's servers.
    routes: Vec<Route>,
    /// What may be sent, if anything; references are resolved.
    request: Option<Value>,
    /// By status, `4XX` or `default`; references are resolved.
    responses: BTreeMap<String, Value>,
}

impl OpenApi {
    /// Reads a document from YAML.
    pub fn parse(yaml: &str) -> Result<OpenApi, Fault> {
        // Without this `no` and `on` would be truth values, as they were in YAML 1.1.
        let options = serde_saphyr::options! { strict_booleans: true };
        let document: Value = serde_saphyr::from_str_with_options(yaml, options)
            .map_err(|error| Fault(format!("the document is not YAML: {error}")))?;
        let version = document["openapi"].as_str().unwrap_or_default();
        if !version.starts_with("3.1.") {
            return Err(Fault(format!("expected OpenAPI 3.1, but the document says {version:?}")));
        }
        let operations = operations(&document)?;
        Ok(OpenApi { document, operations, compiled: Mutex::default() })
    }

    /// Reads a document from a file.
    pub fn load(path: &Path) -> Result<OpenApi, Fault> {
        let yaml = fs::read_to_string(path).map_err(|error| Fault(format!("{}: {error}", path.display())))?;
        OpenApi::parse(&yaml).map_err(|Fault(what)| Fault(format!("{}: {what}", path.display())))
    }

    /// Every operation, sorted by path.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation that a request line addresses. Where two templates fit, the more literal one is meant.
    pub fn operation(&self, method: &str, target: &str) -> Option<&Operation> {
        self.addressed(target).find(|operation| operation.method == method)
    }

    /// The methods that are documented for a request target, for the `Allow` of a 405.
    pub fn methods(&self, target: &str) -> Vec<&str> {
        let mut methods: Vec<&str> = self.addressed(target).map(|operation| &*operation.method).collect();
        methods.sort_unstable();
        methods.dedup();
        methods
    }

    /// Whether the document knows this answer to this request: status, required headers, content type and body; and, if the
    /// request was accepted (2xx), whether its body is one that the document describes. `mount` is the prefix under which the API was called, `""` for its own place.
    pub fn check(&self, mount: &str, answer: &Response) -> Result<&Operation, Fault> {
        self.check_answer(mount, answer).map_err(|Fault(what)| Fault(format!("{what}\n\n{answer}")))
    }

    /// Makes sure that the document knows this answer, which was given at the API's own place.
    ///
    /// # Panics
    /// With the answer and everything that is wrong with it.
    #[track_caller]
    pub fn expect(&self, answer: &Response) -> &Operation {
        match self.check("", answer) {
            Ok(operation) => operation,
            Err(fault) => panic!("{fault}"),
        }
    }

    /// Whether the body of a request that was accepted (2xx) is one that the document describes. Nothing is said of a request
    /// that the document does not know, which a test may send to see what becomes of it.
    pub fn check_accepted(&self, answer: &Response) -> Result<(), Fault> {
        let operation = self.operation(&answer.method, &answer.target);
        match operation.filter(|_| (200..300).contains(&answer.status)) {
            Some(operation) => self.check_request(operation, &answer.sent),
            None => Ok(()),
        }
    }

    /// Whether a value fits a schema of the document's components, for answers that belong to no operation: 404, 405.
    pub fn check_schema(&self, name: &str, value: &Value) -> Result<(), Fault> {
        if self.document["components"]["schemas"].get(name).is_none() {
            return Err(Fault(format!("the document has no schema {name:?}")));
        }
        self.validate(&json!({"$ref": format!("#/components/schemas/{name}")}), value)
    }

    /// Compiles every schema, so that a document with a dangling reference fails as a whole and not with the first
    /// answer that happens to need it.
    pub fn check_document(&self) -> Result<(), Fault> {
        let components = self.document["components"]["schemas"].as_object().into_iter().flatten();
        let of_requests = self.operations.iter().flat_map(|operation| {
            let content =
                operation.request.iter().filter_map(|request| request["content"].as_object()).flatten();
            content
                .filter_map(|(kind, media)| Some((format!("{} {kind}", operation.id), media.get("schema")?)))
        });
        let of_responses = self.operations.iter().flat_map(|operation| {
            operation.responses.iter().flat_map(move |(status, response)| {
                let media = response["content"].as_object().into_iter().flatten();
                media.filter_map(move |(kind, media)| {
                    Some((format!("{} {status} {kind}", operation.id), media.get("schema")?))
                })
            })
        });
        let schemas =
            components.map(|(name, schema)| (name.clone(), schema)).chain(of_requests).chain(of_responses);
        let faults: Vec<String> = schemas
            .filter_map(|(place, schema)| {
                self.compile(schema).err().map(|Fault(what)| format!("{place}: {what}"))
            })
            .collect();
        match faults.is_empty() {
            true => Ok(()),
            false => Err(Fault(faults.join("\n"))),
        }
    }

    /// The operations that fit a request target, the most literal first.
    fn addressed(&self, target: &str) -> impl Iterator<Item = &Operation> {
        let mut fitting: Vec<(&Route, &Operation)> = self
            .operations
            .iter()
            .flat_map(|operation| operation.routes.iter().map(move |route| (route, operation)))
            .filter(|(route, _)| route.fits(target))
            .collect();
        fitting.sort_by_key(|(route, _)| *route);
        fitting.into_iter().map(|(_, operation)| operation)
    }

    fn check_answer(&self, mount: &str, answer: &Response) -> Result<&Operation, Fault> {
        let (method, target) = (&*answer.method, &*answer.target);
        let target =
            target.strip_prefix(mount).ok_or_else(|| Fault(format!("{target} is not under {mount}")))?;
        let operation = self.operation(method, target).ok_or_else(|| match &self.methods(target)[..] {
            [] => Fault(format!("no operation is documented for {target}")),
            methods => Fault(format!("{method} is not documented for {target}, only {}", methods.join(", "))),
        })?;
        let response = operation.response(answer.status).ok_or_else(|| {
            let documented: Vec<&str> = operation.responses.keys().map(String::as_str).collect();
            let (id, status) = (&operation.id, answer.status);
            Fault(format!("{status} is not a documented answer of {id}, only {}", documented.join(", ")))
        })?;
        check_headers(response, answer)?;
        self.check_content(response, answer)?;
        if (200..300).contains(&answer.status) {
            self.check_request(operation, &answer.sent)?;
        }
        Ok(operation)
    }

    fn check_content(&self, response: &Value, answer: &Response) -> Result<(), Fault> {
        let Some(content) = response["content"].as_object().filter(|content| !content.is_empty()) else {
            return match answer.body.is_empty() {
                true => Ok(()),
                false => Err(Fault("this answer is documented without a body, but has one".to_owned())),
            };
        };
        let header = answer.header("content-type").unwrap_or_default();
        let kind = header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let media = media(content, &kind).ok_or_else(|| {
            let documented: Vec<&str> = content.keys().map(String::as_str).collect();
            Fault(format!("the content type {header:?} is not documented, only {}", documented.join(", ")))
        })?;
        if kind != "application/json" && !kind.ends_with("+json") {
            return Ok(());
        }
        let body: Value = serde_json::from_slice(&answer.body)
            .map_err(|error| Fault(format!("the body is said to be JSON, but is not: {error}")))?;
        media.get("schema").map_or(Ok(()), |schema| self.validate(schema, &body))
    }

    fn validate(&self, schema: &Value, value: &Value) -> Result<(), Fault> {
        // A body that is wrong in its shape is wrong in a hundred places; the first few tell.
        const SHOWN: usize = 10;
        let validator = self.compile(schema)?;
        let faults: Vec<String> = validator
            .iter_errors(value)
            .take(SHOWN)
            .map(|error| format!("at {:?}: {}", error.instance_path().as_str(), shorten(&error.to_string())))
            .collect();
        match faults.is_empty() {
            true => Ok(()),
            false => Err(Fault(format!("the body does not fit its schema:\n{}", faults.join("\n")))),
        }
    }

    fn compile(&self, schema: &Value) -> Result<Arc<Validator>, Fault> {
        let key = schema.to_string();
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(validator) = compiled.get(&key) {
            return Ok(Arc::clone(validator));
        }
        // The components come along, so that `#/components/...` resolves as it does in the document.
        let root = json!({"allOf": [schema], "components": self.document.get("components")});
        let validator = jsonschema::draft202012::options()
            .should_validate_formats(true)
            .build(&root)
            .map(Arc::new)
            .map_err(|error| Fault(format!("this schema cannot be used: {}", shorten(&error.to_string()))))?;
        compiled.insert(key, Arc::clone(&validator));
        Ok(validator)
    }
}

impl Operation {
    /// The statuses that are documented, `4XX` and `default` among them as they are written.
    pub fn statuses(&self) -> impl Iterator<Item = &str> {
        self.responses.keys().map(String::as_str)
    }

    fn response(&self, status: u16) -> Option<&Value> {
        [status.to_string(), format!("{}XX", status / 100), "default".to_owned()]
            .iter()
            .find_map(|key| self.responses.get(key))
    }
}

/// What is wrong, with a document or with an answer, in words.
#[derive(Clone, PartialEq, Eq)]
pub struct Fault(String);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Shown as it is, so that an `unwrap` in a test is readable.
impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Fault {}

const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

fn operations(document: &Value) -> Result<Vec<Operation>, Fault> {
    let paths = document["paths"].as_object().ok_or_else(|| Fault("the document has no paths".to_owned()))?;
    let servers = servers(document);
    let mut operations = Vec::new();
    let mut ids = HashMap::new();
    for (path, item) in paths {
        for (method, operation) in METHODS.iter().filter_map(|method| Some((method, item.get(method)?))) {
            let method = method.to_ascii_uppercase();
            let place = format!("{method} {path}");
            let id = operation["operationId"]
                .as_str()
                .ok_or_else(|| Fault(format!("{place} has no operationId")))?;
            if let Some(other) = ids.insert(id, place.clone()) {
                return Err(Fault(format!("{other} and {place} have the same operationId {id}")));
            }
            let routes = servers
                .iter()
                .map(|server| Route::parse(&format!("{server}{path}")))
                .collect::<Result<_, _>>()?;
            let request =
                operation.get("requestBody").map(|body| resolve(document, body).cloned()).transpose()?;
            let responses = operation["responses"].as_object().filter(|responses| !responses.is_empty());
            let responses = responses
                .ok_or_else(|| Fault(format!("{place} documents no response")))?
                .iter()
                .map(|(status, response)| Ok((status.clone(), response_of(document, response)?)))
                .collect::<Result<_, Fault>>()?;
            operations.push(Operation {
                method,
                path: path.clone(),
                id: id.to_owned(),
                routes,
                request,
                responses,
            });
        }
    }
    operations.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(operations)
}

/// A response with its headers, wherever they are written.
fn response_of(document: &Value, response: &Value) -> Result<Value, Fault> {
    let mut response = resolve(document, response)?.clone();
    for header in response.get_mut("headers").and_then(Value::as_object_mut).into_iter().flatten() {
        *header.1 = resolve(document, header.1)?.clone();
    }
    Ok(response)
}

/// The paths of the document's servers: `""` for one that serves at its root, and when none is named.
fn servers(document: &Value) -> Vec<String> {
    let urls =
        document["servers"].as_array().into_iter().flatten().filter_map(|server| server["url"].as_str());
    let mut paths: Vec<String> = urls
        .map(|url| {
            let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
            let path = after_scheme.find('/').map_or("", |slash| &after_scheme[slash..]);
            path.trim_end_matches('/').to_owned()
        })
        .collect();
    if paths.is_empty() {
        paths.push(String::new());
    }
    paths.sort();
    paths.dedup();
    paths
}

/// The object itself, or the one in the document that it refers to.
fn resolve<'a>(document: &'a Value, mut object: &'a Value) -> Result<&'a Value, Fault> {
    // A reference may lead to a reference; one that leads back to itself is cut off.
    const MAX_HOPS: usize = 8;
    for _ in 0..MAX_HOPS {
        let Some(reference) = object.get("$ref").and_then(Value::as_str) else { return Ok(object) };
        let target = reference.strip_prefix('#').and_then(|pointer| document.pointer(pointer));
        object = target.ok_or_else(|| Fault(format!("{reference} leads nowhere")))?;
    }
    Err(Fault("a reference leads in a circle".to_owned()))
}

fn check_headers(response: &Value, answer: &Response) -> Result<(), Fault> {
    let required = response["headers"]
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, header)| header["required"] == true);
    let missing: Vec<&str> =
        required.map(|(name, _)| name.as_str()).filter(|name| answer.header(name).is_none()).collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(Fault(format!("these headers are missing: {}", missing.join(", ")))),
    }
}

/// The entry for a media type, or for the range that it falls in.
fn media<'a>(content: &'a Map<String, Value>, kind: &str) -> Option<&'a Value> {
    let range = kind.split_once('/').map(|(main, _)| format!("{main}/*"));
    let named =
        |name: &str| content.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, media)| media);
    range.and_then(|range| named(kind).or_else(|| named(&range)).or_else(|| named("*/*")))
}

/// The message of a validator holds the value that does not fit, which may be a whole list of people.
fn shorten(message: &str) -> String {
    const SHOWN: usize = 300;
    match message.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &message[..end]),
        None => message.to_owned(),
    }
}
