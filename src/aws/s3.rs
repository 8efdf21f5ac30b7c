//! Reading a bucket: names and objects, within limits. Nothing is written.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use aws_sdk_s3::{Client, operation::get_object::GetObjectOutput};
use aws_smithy_runtime_api::client::{orchestrator::HttpResponse, result::SdkError};
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use tokio::{sync::Semaphore, time::timeout};

use super::{
    CallLog, Connections, Session,
    answers::timestamp,
    clock::Clock,
    connections::Timing,
    fault::{CallError, Fault},
};
use crate::rule::{delivery::evidence::Object, evidence::Refusal, region, timestamp::Timestamp};

/// The most S3 calls that are under way at once.
pub const MAX_CALLS: usize = 32;
/// The most pages of a listing that are followed, 1,000 keys each.
pub const MAX_PAGES: usize = 10;
const BUCKET_REGION: &str = "x-amz-bucket-region";

/// A bucket, and the access to it.
pub struct Bucket<'s> {
    name: String,
    access: &'s Access<'s>,
    session: RefCell<Rc<Session<'s>>>,
    clock: Clock,
    places: &'s Semaphore,
    client: RefCell<(String, Client)>,
}

/// By which credentials a bucket is read.
pub struct Access<'s> {
    /// Where they come from.
    pub connections: &'s Connections,
    /// The account that they belong to.
    pub account_id: String,
    /// The Region in which STS is asked.
    pub region: String,
    /// The role that is assumed with them.
    pub role_arn: Option<String>,
    /// Where the calls are noted.
    pub calls: CallLog,
}

impl Access<'_> {
    async fn session(&self) -> Result<Session<'_>, CallError> {
        let Self { connections, account_id, region, role_arn, calls } = self;
        match role_arn {
            Some(role_arn) => connections.member(account_id, region, role_arn, calls.clone()).await,
            None => Ok(connections.own(account_id, region, calls.clone())),
        }
    }
}

/// An object that was read.
#[derive(Debug, Clone)]
pub struct Content {
    /// When it was written.
    pub last_modified: Option<Timestamp>,
    /// The user-defined metadata.
    pub metadata: HashMap<String, String>,
    /// Its bytes; none if they are more than was allowed.
    pub bytes: Option<Vec<u8>>,
}

impl<'s> Bucket<'s> {
    /// A bucket that is thought to be in `region`.
    ///
    /// # Errors
    /// The role cannot be assumed.
    pub async fn new(
        name: &str,
        region: &str,
        access: &'s Access<'s>,
        clock: Clock,
        places: &'s Semaphore,
    ) -> Result<Self, CallError> {
        let session = access.session().await?;
        let client = RefCell::new((region.to_owned(), session.s3(region, clock.clone())));
        Ok(Self { name: name.to_owned(), access, session: RefCell::new(Rc::new(session)), clock, places, client })
    }

    /// Assumes the role again, where its credentials would soon expire.
    ///
    /// # Errors
    /// It cannot be assumed any more.
    pub async fn renew(&self) -> Result<(), CallError> {
        if self.access.role_arn.is_some() {
            let session = Rc::new(self.access.session().await?);
            let region = self.client.borrow().0.clone();
            *self.client.borrow_mut() = (region.clone(), session.s3(&region, self.clock.clone()));
            *self.session.borrow_mut() = session;
        }
        Ok(())
    }

    /// The Region that the bucket is in, which S3 tells whatever else it answers.
    ///
    /// # Errors
    /// There is no such bucket, or S3 does not tell.
    pub async fn head(&self) -> Result<String, CallError> {
        const OPERATION: &str = "HeadBucket";
        let told = RefCell::new(None);
        let answer = self
            .call(OPERATION, async |client| {
                let answer = client.head_bucket().bucket(&self.name).send().await;
                let raw = answer.as_ref().err().and_then(SdkError::raw_response);
                let of_error = raw.and_then(|raw| raw.headers().get(BUCKET_REGION).map(str::to_owned));
                let of_answer = answer.as_ref().ok().and_then(|answer| answer.bucket_region.clone());
                let is_absent = raw.is_some_and(|raw| raw.status().as_u16() == 404);
                *told.borrow_mut() = of_error.or(of_answer).filter(|_| !is_absent);
                answer
            })
            .await;
        let told = told.into_inner().filter(|region| region::is_well_formed(region));
        match (told, answer) {
            (Some(region), Ok(_)) => {
                self.move_to(&region);
                Ok(region)
            }
            (Some(region), Err(error)) if error.fault != Fault::Own => {
                self.move_to(&region);
                Ok(region)
            }
            (None, Ok(_)) => Err(CallError::unparsable(OPERATION, "no Region of the bucket")),
            // An answer to HEAD has no body, and so no code.
            (None, Err(error)) if error.code == "Http404" || error.code == "NotFound" => {
                Err(CallError::permanent(OPERATION, "NoSuchBucket"))
            }
            (_, Err(error)) => Err(error),
        }
    }

    /// The objects whose keys begin with `prefix` and come after `start_after`, until `is_enough` of a page.
    ///
    /// # Errors
    /// A page cannot be read, or there are more than [`MAX_PAGES`].
    pub async fn list(
        &self,
        prefix: &str,
        start_after: Option<&str>,
        is_enough: impl Fn(&[Object]) -> bool,
    ) -> Result<Vec<Object>, CallError> {
        self.pages(prefix, start_after, false, is_enough).await.map(|(objects, _)| objects)
    }

    /// The folders directly below what begins with `prefix`, each with a slash at its end.
    ///
    /// # Errors
    /// As of [`Self::list`].
    pub async fn folders(&self, prefix: &str) -> Result<Vec<String>, CallError> {
        self.pages(prefix, None, true, |_| false).await.map(|(_, folders)| folders)
    }

    async fn pages(
        &self,
        prefix: &str,
        start_after: Option<&str>,
        has_delimiter: bool,
        is_enough: impl Fn(&[Object]) -> bool,
    ) -> Result<(Vec<Object>, Vec<String>), CallError> {
        const OPERATION: &str = "ListObjectsV2";
        let (mut objects, mut folders, mut token) = (Vec::new(), Vec::new(), None::<String>);
        for _ in 0..MAX_PAGES {
            let answer = self
                .call(OPERATION, async |client| {
                    let request = client.list_objects_v2().bucket(&self.name).prefix(prefix);
                    let request = request.set_delimiter(has_delimiter.then(|| "/".to_owned()));
                    let request = request.set_start_after(start_after.map(str::to_owned));
                    request.set_continuation_token(token.clone()).send().await
                })
                .await?;
            let page = answer.contents.unwrap_or_default().into_iter().filter(|object| object.size != Some(0));
            let page: Vec<Object> = page
                .filter_map(|object| {
                    Some(Object { key: object.key?, last_modified: timestamp(object.last_modified?)? })
                })
                // What S3 lists beside what it was asked for does not count.
                .filter(|object| object.key.starts_with(prefix))
                .collect();
            let is_last = answer.is_truncated != Some(true) || is_enough(&page);
            objects.extend(page);
            folders.extend(answer.common_prefixes.unwrap_or_default().into_iter().filter_map(|folder| folder.prefix));
            if is_last {
                return Ok((objects, folders));
            }
            token = answer.next_continuation_token;
            if token.is_none() {
                return Err(CallError::unparsable(OPERATION, "a page is followed by none"));
            }
        }
        Err(CallError::permanent(OPERATION, Refusal::TOO_MANY_KEYS))
    }

    /// An object, if it has at most `max_bytes`.
    ///
    /// # Errors
    /// It cannot be read.
    pub async fn get(&self, key: &str, max_bytes: usize) -> Result<Content, CallError> {
        const OPERATION: &str = "GetObject";
        let mut attempt = 1;
        loop {
            let place = self.places.acquire().await;
            let send = async |client: Client| client.get_object().bucket(&self.name).key(key).send().await;
            let answer = self.call_in_place(OPERATION, send).await?;
            let read = timeout(self.session().timing().operation, read_body(answer, max_bytes)).await;
            drop(place);
            match read {
                Ok(Ok(content)) => return Ok(content),
                // The SDK makes no second attempt when an answer breaks off.
                Ok(Err(_)) | Err(_) if attempt < Timing::ATTEMPTS => attempt += 1,
                Ok(Err(error)) => return Err(CallError::unparsable(OPERATION, &error)),
                Err(_) => return Err(CallError::timed_out(OPERATION)),
            }
        }
    }

    async fn call<T, E>(
        &self,
        operation: &'static str,
        send: impl AsyncFn(Client) -> Result<T, SdkError<E, HttpResponse>>,
    ) -> Result<T, CallError>
    where
        T: RequestId,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        // The semaphore is never closed.
        let _place = self.places.acquire().await;
        self.call_in_place(operation, send).await
    }

    /// Makes a call; where S3 says that the bucket is in another Region, once more there.
    async fn call_in_place<T, E>(
        &self,
        operation: &'static str,
        send: impl AsyncFn(Client) -> Result<T, SdkError<E, HttpResponse>>,
    ) -> Result<T, CallError>
    where
        T: RequestId,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let session = self.session();
        let (region, client) = self.client.borrow().clone();
        let elsewhere = RefCell::new(None);
        let first = async {
            let answer = send(client).await;
            *elsewhere.borrow_mut() = answer.as_ref().err().and_then(|error| other_region(error, &region));
            answer
        };
        let answer = session.call(operation, &region, &self.name, first).await;
        let Some(elsewhere) = elsewhere.into_inner() else { return answer };
        self.move_to(&elsewhere);
        let client = self.client.borrow().1.clone();
        session.call(operation, &elsewhere, &self.name, send(client)).await
    }

    fn session(&self) -> Rc<Session<'s>> {
        Rc::clone(&self.session.borrow())
    }

    fn move_to(&self, region: &str) {
        if self.client.borrow().0 != region {
            *self.client.borrow_mut() = (region.to_owned(), self.session().s3(region, self.clock.clone()));
        }
    }
}

/// The Region that an error says the bucket is in, if that is not the one that was asked.
fn other_region<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>, asked: &str) -> Option<String> {
    let answer = error.raw_response()?;
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    let is_elsewhere = answer.status().as_u16() == 301 || code == Some("AuthorizationHeaderMalformed");
    let in_body = || {
        let (_, after) = std::str::from_utf8(answer.body().bytes()?).ok()?.split_once("<Region>")?;
        after.split_once("</Region>").map(|(region, _)| region.to_owned())
    };
    let region = answer.headers().get(BUCKET_REGION).map(str::to_owned).or_else(in_body)?;
    (is_elsewhere && region != asked && region::is_well_formed(&region)).then_some(region)
}

async fn read_body(answer: GetObjectOutput, max_bytes: usize) -> Result<Content, String> {
    let last_modified = answer.last_modified.and_then(timestamp);
    let metadata = answer.metadata.unwrap_or_default();
    let is_too_large = |length: i64| usize::try_from(length).is_ok_and(|length| length > max_bytes);
    let without_bytes = Content { last_modified, metadata, bytes: None };
    if answer.content_length.is_some_and(is_too_large) {
        return Ok(without_bytes);
    }
    let (mut body, mut bytes) = (answer.body, Vec::new());
    while let Some(piece) = body.try_next().await.map_err(|error| error.to_string())? {
        bytes.extend_from_slice(&piece);
        if bytes.len() > max_bytes {
            return Ok(without_bytes);
        }
    }
    Ok(Content { bytes: Some(bytes), ..without_bytes })
}
