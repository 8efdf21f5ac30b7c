//! Organizations: what is asked of an organization and its accounts.

use serde_json::{Map, Value, json};

use super::{
    identity::Caller,
    organization::{Member, Organization},
    pages::Page,
    wire::{ErrorAnswer, Service},
    world::World,
};

fn organization<'w>(world: &'w World, caller: Option<&Caller>) -> Result<&'w Organization, ErrorAnswer> {
    let none = || ErrorAnswer::new("AWSOrganizationsNotInUseException", "Your account is not a member of one.");
    let organization = world.organization.as_ref().ok_or_else(none)?;
    match caller {
        Some(caller) if caller.account != organization.management_account => Err(ErrorAnswer::common(
            Some(Service::Organizations),
            "AccessDeniedException",
            "You don't have permissions to access this resource.",
        )),
        _ => Ok(organization),
    }
}

pub(super) fn describe_organization(world: &World) -> Result<Value, ErrorAnswer> {
    let Organization { management_account, .. } = organization(world, None)?;
    let id = Organization::ID;
    Ok(json!({ "Organization": {
        "Id": id,
        "Arn": format!("arn:aws:organizations::{management_account}:organization/{id}"),
        "FeatureSet": "ALL",
        "MasterAccountId": management_account,
        "MasterAccountArn": format!("arn:aws:organizations::{management_account}:account/{id}/{management_account}"),
        "MasterAccountEmail": format!("{management_account}@example.com"),
    }}))
}

fn page<'s>(list: &'static str, subject: &'s str) -> Page<'s> {
    Page { asked: ("MaxResults", 20), token: "NextToken", list, subject }
}

pub(super) fn list_accounts(world: &World, caller: &Caller, input: &Map<String, Value>) -> Result<Value, ErrorAnswer> {
    let organization = organization(world, Some(caller))?;
    page("Accounts", "").of(&organization.accounts, |member| organization.item(member), world, caller, input)
}

pub(super) fn list_roots(world: &World, caller: &Caller) -> Result<Value, ErrorAnswer> {
    organization(world, Some(caller))?;
    Ok(json!({ "Roots": [{ "Id": Organization::ROOT, "Name": "Root", "PolicyTypes": [] }] }))
}

pub(super) fn list_accounts_for_parent(
    world: &World,
    caller: &Caller,
    input: &Map<String, Value>,
) -> Result<Value, ErrorAnswer> {
    let organization = organization(world, Some(caller))?;
    let parent = input.get("ParentId").and_then(Value::as_str).unwrap_or_default();
    let is_child = |member: &&Member| member.path.last().is_some_and(|unit| unit == parent);
    let children: Vec<&Member> = organization.accounts.iter().filter(is_child).collect();
    page("Accounts", parent).of(&children, |member| organization.item(member), world, caller, input)
}

pub(super) fn list_units_for_parent(
    world: &World,
    caller: &Caller,
    input: &Map<String, Value>,
) -> Result<Value, ErrorAnswer> {
    let organization = organization(world, Some(caller))?;
    let parent = input.get("ParentId").and_then(Value::as_str).unwrap_or_default();
    let item = |unit: &&str| {
        let unit = *unit;
        let name = organization.names.iter().find(|(id, _)| id == unit).map_or(unit, |(_, name)| name.as_str());
        json!({ "Id": unit, "Name": name })
    };
    page("OrganizationalUnits", parent).of(&organization.units_below(parent), item, world, caller, input)
}
