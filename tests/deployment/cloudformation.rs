//! CloudFormation templates: short forms written out, and intrinsic functions evaluated as CloudFormation would.

use std::{collections::BTreeMap, fs};

use saphyr::{LoadableYamlNode, Scalar, Yaml};
use serde_json::{Map, Value, json};

/// A template of cloudformation/, its short forms written out: `!Ref A` is `{"Ref": "A"}`.
pub(crate) fn template(name: &str) -> Value {
    let path = format!("{}/cloudformation/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let documents = Yaml::load_from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"));
    assert_eq!(documents.len(), 1, "{path}");
    long_form(&documents[0])
}

fn long_form(node: &Yaml) -> Value {
    match node {
        Yaml::Value(Scalar::Null) => Value::Null,
        Yaml::Value(Scalar::Boolean(value)) => json!(value),
        Yaml::Value(Scalar::Integer(value)) => json!(value),
        Yaml::Value(Scalar::FloatingPoint(value)) => json!(value.into_inner()),
        Yaml::Value(Scalar::String(value)) => json!(value),
        Yaml::Sequence(items) => items.iter().map(long_form).collect(),
        Yaml::Mapping(members) => {
            let members = members.iter().map(|(name, value)| (name.as_str().unwrap().to_owned(), long_form(value)));
            Value::Object(members.collect())
        }
        Yaml::Tagged(tag, argument) => match (tag.suffix.as_str(), long_form(argument)) {
            (function @ ("Ref" | "Condition"), argument) => json!({ function: argument }),
            ("GetAtt", Value::String(attribute)) => {
                let (logical_id, name) = attribute.split_once('.').unwrap();
                json!({ "Fn::GetAtt": [logical_id, name] })
            }
            (function, argument) => json!({ format!("Fn::{function}"): argument }),
        },
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => panic!("{node:?} is not for CloudFormation"),
    }
}

/// A stack: a template with parameters. Resources that it would make are stood for by their logical id, and
/// `Fn::GetAtt` by `LogicalId.Attribute`.
pub(crate) struct Stack<'t> {
    template: &'t Value,
    values: BTreeMap<String, String>,
}

impl<'t> Stack<'t> {
    /// With the template's defaults where `parameters` says nothing; `AWS::Region` and the like can be given too.
    pub(crate) fn new(template: &'t Value, parameters: &[(&str, &str)]) -> Self {
        let mut values: BTreeMap<String, String> = [
            ("AWS::AccountId", "123456789012"),
            ("AWS::Partition", "aws"),
            ("AWS::Region", "us-east-1"),
            ("AWS::StackName", "stack"),
            ("AWS::URLSuffix", "amazonaws.com"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        let declared = template["Parameters"].as_object().unwrap();
        for (name, parameter) in declared {
            if let Some(default) = parameter.get("Default") {
                values.insert(name.clone(), text(default));
            }
        }
        for (name, value) in parameters {
            assert!(declared.contains_key(*name) || values.contains_key(*name), "{name} is no parameter");
            values.insert((*name).to_owned(), (*value).to_owned());
        }
        Self { template, values }
    }

    /// A resource's properties, if its condition holds.
    pub(crate) fn properties(&self, logical_id: &str) -> Option<Value> {
        let resource = &self.template["Resources"][logical_id];
        assert!(resource.is_object(), "{logical_id} is no resource");
        let is_made = resource["Condition"].as_str().is_none_or(|name| self.condition(name));
        is_made.then(|| self.resolve(&resource["Properties"]).unwrap())
    }

    /// What CloudFormation answers before it makes anything, where the parameters go against the template's rules.
    pub(crate) fn refusals(&self) -> Vec<&'t str> {
        let rules = self.template["Rules"].as_object().into_iter().flatten();
        let applying =
            rules.filter(|(_, rule)| rule.get("RuleCondition").is_none_or(|condition| self.holds(condition)));
        applying
            .flat_map(|(_, rule)| rule["Assertions"].as_array().unwrap())
            .filter(|assertion| !self.holds(&assertion["Assert"]))
            .map(|assertion| assertion["AssertDescription"].as_str().unwrap())
            .collect()
    }

    /// The value that CloudFormation would pass on; none where that is `AWS::NoValue`.
    pub(crate) fn resolve(&self, value: &Value) -> Option<Value> {
        match value {
            Value::Array(items) => Some(items.iter().filter_map(|item| self.resolve(item)).collect()),
            Value::Object(members) => match function(members) {
                Some(("Ref", argument)) if argument == "AWS::NoValue" => None,
                Some(("Ref", argument)) => Some(json!(self.reference(argument.as_str().unwrap()))),
                Some(("Fn::GetAtt", argument)) => Some(json!(format!("{}.{}", text(&argument[0]), text(&argument[1])))),
                Some(("Fn::If", argument)) => {
                    let branch = if self.condition(argument[0].as_str().unwrap()) { 1 } else { 2 };
                    self.resolve(&argument[branch])
                }
                Some(("Fn::Sub", argument)) => Some(json!(self.substitute(argument))),
                Some((name, _)) => panic!("{name} is not evaluated here"),
                None => {
                    let members = members.iter().filter_map(|(name, value)| Some((name.clone(), self.resolve(value)?)));
                    Some(Value::Object(members.collect()))
                }
            },
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Some(value.clone()),
        }
    }

    /// Whether a named condition holds.
    pub(crate) fn condition(&self, name: &str) -> bool {
        self.holds(&self.template["Conditions"][name])
    }

    fn holds(&self, condition: &Value) -> bool {
        let members = condition.as_object().unwrap_or_else(|| panic!("{condition} is no condition"));
        match function(members) {
            Some(("Condition", name)) => self.condition(name.as_str().unwrap()),
            Some(("Fn::Equals", sides)) => {
                text(&self.resolve(&sides[0]).unwrap()) == text(&self.resolve(&sides[1]).unwrap())
            }
            Some(("Fn::Not", conditions)) => !self.holds(&conditions[0]),
            Some(("Fn::And", conditions)) => conditions.as_array().unwrap().iter().all(|each| self.holds(each)),
            Some(("Fn::Or", conditions)) => conditions.as_array().unwrap().iter().any(|each| self.holds(each)),
            _ => panic!("{condition} is not evaluated here"),
        }
    }

    fn reference(&self, name: &str) -> String {
        match self.values.get(name) {
            Some(value) => value.clone(),
            None if self.template["Resources"].get(name).is_some() => name.to_owned(),
            None => panic!("{name} has no value"),
        }
    }

    fn substitute(&self, argument: &Value) -> String {
        let (template, own) = match argument {
            Value::Array(pair) => (pair[0].as_str().unwrap(), pair[1].as_object().cloned().unwrap()),
            _ => (argument.as_str().unwrap(), Map::new()),
        };
        let mut pieces = template.split("${");
        let mut substituted = pieces.next().unwrap().to_owned();
        for piece in pieces {
            let (name, rest) = piece.split_once('}').unwrap();
            let value = match (name.strip_prefix('!'), own.get(name), name.split_once('.')) {
                (Some(literal), ..) => format!("${{{literal}}}"),
                (None, Some(value), _) => text(&self.resolve(value).unwrap()),
                (None, None, Some(_)) => name.to_owned(),
                (None, None, None) => self.reference(name),
            };
            substituted.extend([&value, rest]);
        }
        substituted
    }
}

/// The intrinsic function that an object is, with its argument.
fn function(members: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, argument) = members.iter().next().filter(|_| members.len() == 1)?;
    let is_function = name == "Ref" || name.starts_with("Fn::") || (name == "Condition" && argument.is_string());
    is_function.then_some((name.as_str(), argument))
}

/// CloudFormation compares and inserts everything as text.
fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
