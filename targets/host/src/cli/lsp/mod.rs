//! `mog lsp`: what editors ask about programs, over the Language Server Protocol on standard input and output.

mod answers;
mod completion;
mod document;
mod outline;
mod rename;

use std::collections::BTreeMap;
use std::fs;

use lsp_server::{Connection, ErrorCode, Message, Notification, Request, Response};
use lsp_types::notification::{
    DidChangeTextDocument, DidCloseTextDocument, DidOpenTextDocument, Notification as _, PublishDiagnostics,
};
use lsp_types::request::{
    CodeActionRequest, Completion, DocumentHighlightRequest, DocumentSymbolRequest, Formatting,
    GotoDefinition, HoverRequest, PrepareRenameRequest, References, Rename, Request as _,
};
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability, CompletionOptions,
    HoverProviderCapability, OneOf, PublishDiagnosticsParams, RenameOptions, ServerCapabilities,
    TextDocumentSyncCapability, TextDocumentSyncKind, Uri, WorkDoneProgressOptions,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use document::Document;

use super::{LspArgs, exit, fail};

/// Serves an editor until that ends it, and gives the exit code.
pub(crate) fn lsp(args: &LspArgs) -> u8 {
    let mut server = Server { documents: BTreeMap::new(), declarations: Vec::new() };
    for file in &args.declare {
        match fs::read_to_string(file) {
            Ok(text) => server.declarations.push((file.display().to_string(), text)),
            Err(error) => return fail(exit::FILE, format_args!("{}: {error}", file.display())),
        }
    }
    let (connection, threads) = Connection::stdio();
    let served = serve(&mut server, &connection);
    // The thread that writes ends when nobody can send it anything.
    drop(connection);
    match (served, threads.join()) {
        (Ok(()), Ok(())) => 0,
        (Err(error), _) => fail(exit::USAGE, format_args!("the editor ended before it said so: {error}")),
        (_, Err(error)) => fail(exit::FILE, format_args!("the connection to the editor: {error}")),
    }
}

fn serve(server: &mut Server, connection: &Connection) -> Result<(), Box<dyn std::error::Error>> {
    let capabilities = ServerCapabilities {
        text_document_sync: Some(TextDocumentSyncCapability::Kind(TextDocumentSyncKind::FULL)),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        definition_provider: Some(OneOf::Left(true)),
        references_provider: Some(OneOf::Left(true)),
        document_highlight_provider: Some(OneOf::Left(true)),
        document_symbol_provider: Some(OneOf::Left(true)),
        document_formatting_provider: Some(OneOf::Left(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
            ..CodeActionOptions::default()
        })),
        completion_provider: Some(CompletionOptions {
            trigger_characters: Some(vec![".".to_owned()]),
            ..CompletionOptions::default()
        }),
        rename_provider: Some(OneOf::Right(RenameOptions {
            prepare_provider: Some(true),
            work_done_progress_options: WorkDoneProgressOptions::default(),
        })),
        ..ServerCapabilities::default()
    };
    connection.initialize(serde_json::to_value(capabilities)?)?;
    for message in &connection.receiver {
        match message {
            Message::Request(request) => {
                if connection.handle_shutdown(&request)? {
                    return Ok(());
                }
                connection.sender.send(server.answer(request).into())?;
            }
            Message::Notification(notification) => {
                for answer in server.notice(notification) {
                    connection.sender.send(answer.into())?;
                }
            }
            Message::Response(_) => {}
        }
    }
    Err("it closed the connection".into())
}

/// What the editor has open.
struct Server {
    /// By address.
    documents: BTreeMap<String, Document>,
    /// What the host offers: names of files, and their texts.
    declarations: Vec<(String, String)>,
}

impl Server {
    fn document(&self, uri: &Uri) -> Option<&Document> {
        self.documents.get(uri.as_str())
    }

    fn answer(&self, request: Request) -> Response {
        match request.method.as_str() {
            HoverRequest::METHOD => reply(request, |params| self.hover(&params)),
            GotoDefinition::METHOD => reply(request, |params| self.definition(&params)),
            References::METHOD => reply(request, |params| self.references(&params)),
            DocumentHighlightRequest::METHOD => reply(request, |params| self.highlights(&params)),
            DocumentSymbolRequest::METHOD => reply(request, |params| self.symbols(&params)),
            Formatting::METHOD => reply(request, |params| self.formatting(&params)),
            CodeActionRequest::METHOD => reply(request, |params| self.code_actions(&params)),
            Completion::METHOD => reply(request, |params| self.completion(&params)),
            PrepareRenameRequest::METHOD => try_reply(request, |params| self.prepare_rename(&params)),
            Rename::METHOD => try_reply(request, |params| self.rename(&params)),
            method => {
                let message = format!("there is no request `{method}`");
                Response::new_err(request.id, ErrorCode::MethodNotFound as i32, message)
            }
        }
    }

    /// Learns of open documents and their texts; gives what there is to say of all of them now, for one can import another.
    fn notice(&mut self, notification: Notification) -> Vec<Notification> {
        let mut told = Vec::new();
        match notification.method.as_str() {
            DidOpenTextDocument::METHOD => {
                let Some(params) = read::<DidOpenTextDocument>(notification) else { return told };
                let opened = params.text_document;
                let key = opened.uri.as_str().to_owned();
                self.documents.insert(key, Document::new(opened.uri, opened.text, opened.version));
            }
            DidChangeTextDocument::METHOD => {
                let Some(params) = read::<DidChangeTextDocument>(notification) else { return told };
                let id = params.text_document;
                let document = self.documents.get_mut(id.uri.as_str());
                let (Some(document), Some(change)) =
                    (document, params.content_changes.into_iter().next_back())
                else {
                    return told;
                };
                // The editor was told to send texts whole.
                (document.text, document.version) = (change.text, id.version);
            }
            DidCloseTextDocument::METHOD => {
                let Some(params) = read::<DidCloseTextDocument>(notification) else { return told };
                let uri = params.text_document.uri;
                self.documents.remove(uri.as_str());
                told.push(publish(PublishDiagnosticsParams::new(uri, Vec::new(), None)));
            }
            _ => return told,
        }
        told.extend(self.documents.values().map(|document| {
            let found = self.diagnostics(document);
            publish(PublishDiagnosticsParams::new(document.uri.clone(), found, Some(document.version)))
        }));
        told
    }
}

/// The answer to a request, or what is wrong with it.
fn reply<P: DeserializeOwned, R: Serialize>(request: Request, answer: impl FnOnce(P) -> R) -> Response {
    try_reply(request, |params| Ok(answer(params)))
}

/// The answer to a request, or why there is none.
fn try_reply<P: DeserializeOwned, R: Serialize>(
    request: Request,
    answer: impl FnOnce(P) -> Result<R, String>,
) -> Response {
    match serde_json::from_value(request.params) {
        Ok(params) => match answer(params) {
            Ok(result) => Response::new_ok(request.id, result),
            Err(message) => Response::new_err(request.id, ErrorCode::RequestFailed as i32, message),
        },
        Err(error) => Response::new_err(request.id, ErrorCode::InvalidParams as i32, error.to_string()),
    }
}

/// What a notification says; those that say something else are not answered.
fn read<N: lsp_types::notification::Notification>(notification: Notification) -> Option<N::Params> {
    serde_json::from_value(notification.params).ok()
}

fn publish(params: PublishDiagnosticsParams) -> Notification {
    Notification::new(PublishDiagnostics::METHOD.to_owned(), params)
}
