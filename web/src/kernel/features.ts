/**
 * How features join the shell and meet each other: a Feature says what it adds; a port is a typed request
 * that one feature makes and another answers; a slot is a place in one feature's screen that others fill.
 */
import type { AnyComponent, Command } from './commands.svelte';
import type { MessageKey } from './i18n.svelte';
import type { AnyType } from './store.svelte';

export type Lazy<T> = () => Promise<T>;

export interface Feature {
  id: string;
  /** First part of its path; a feature without one has no screen of its own. */
  route?: string;
  title: MessageKey;
  icon?: AnyComponent;
  /** Its screen, a lazy chunk: `() => import('./Mail.svelte')`. */
  component?: Lazy<{ default: AnyComponent }>;
  /** Place in the rail; without it the feature is reached by commands and links only. */
  rail?: number;
  /** Whether it is there for this person; without it, it is for everybody. Reactive. */
  when?: () => boolean;
  /** Number shown at its icon in the rail. Reactive. */
  badge?: () => number;
  commands?: Command[];
  /** What it can show in the side panel. */
  panel?: Lazy<{ default: AnyComponent }>;
  /** Runs once after sign-in, before the first screen is drawn. */
  start?: () => void | Promise<void>;
}

/** A typed request between features: one `provide`s it, any may `open` it. */
export class Port<Request, Answer = void> {
  private provider: Lazy<(request: Request) => Answer | Promise<Answer>> | null = null;

  constructor(readonly name: string) {}

  /** `load` is called at the first request: `openCompose.provide(() => import('./open').then((m) => m.open))`. */
  provide(load: Lazy<(request: Request) => Answer | Promise<Answer>>): void {
    this.provider = load;
  }

  get provided(): boolean {
    return this.provider !== null;
  }

  async open(request: Request): Promise<Answer> {
    if (!this.provider) throw new Error(`nobody provides ${this.name}`);
    return (await this.provider())(request);
  }
}

export interface Person {
  name?: string | null;
  email: string;
}

export interface ComposeRequest {
  mode: 'new' | 'reply' | 'replyAll' | 'forward' | 'draft' | 'again';
  /** Account to write from; default: the person's own. */
  accountId?: string;
  /** The message answered or forwarded, the draft to go on with, or what is written again as a new message. */
  emailId?: string;
  to?: Person[];
  cc?: Person[];
  subject?: string;
  /** Text to begin with; `html` is sanitised before use. */
  text?: string;
  html?: string;
  /** True begins with the choice of a template. */
  templates?: boolean;
  /** True begins with a proposal of the assistant's, for the person to take or leave. */
  propose?: boolean;
}

export interface AssistantRequest {
  /** What is asked at once; without it the panel only opens. */
  question?: string;
}

/** A text made with the assistant's help, for a composer: it grows by `grow` and is the person's to take or leave. */
export interface AssistRequest {
  task: 'draft' | 'rewrite' | 'translate';
  /** The instruction for a draft; else the text to work on. */
  text: string;
  about?: { accountId: string; kind: string; id: string }[];
  style?: 'correct' | 'shorter' | 'longer' | 'formal' | 'friendly';
  language?: 'fr' | 'vi' | 'en';
  grow?: (text: string) => void;
  signal?: AbortSignal;
}

export interface Assisted {
  turnId: string;
  text: string;
  /** Empty when all went well; else a sentence in the person's language. */
  notice: string;
}

/** What is about to be sent, and the turns whose text went into it; answered by the header value that marks it. */
export interface MarkRequest {
  text: string;
  turnIds: string[];
}

/** A thing to open at an exact passage. */
export interface PassageRequest {
  kind: string;
  accountId: string;
  objectId: string;
  part: string;
  quote: string;
  fileName: string;
  /** In a file that has pages: where it is. */
  page?: number;
}

/** What is shown marked in an open conversation, and scrolled to. */
export interface Highlight {
  emailId: string;
  /** `body`, or the part that is the file. */
  part: string;
  fileName: string;
  quote: string;
  /** Given, only these words are marked, and the quote tells where to look. */
  words?: string[];
  page?: number;
  /** True opens a file at once. */
  preview?: boolean;
}

export interface SearchRequest {
  text: string;
  accountId?: string;
}

/** A record whose `shareWith` says who else may see it (RFC 9670 §4), to be shown and changed in a dialog. */
export interface ShareRequest {
  type: AnyType;
  accountId: string;
  id: string;
  name: string;
  /** What people can be given, from the least to the most: the names of rights that are then true. */
  levels: { label: string; rights: string[] }[];
}

/** A file that the server keeps. */
export interface KeptFile {
  accountId: string;
  blobId: string;
  name: string;
  type: string;
  size: number;
}

/** Files are chosen among those that the server keeps; their blobs are then readable in `accountId`. */
export interface ChooseFilesRequest {
  accountId: string;
}

/** A file of this device; `told` gets the part that is there, from 0 to 1. */
export interface BringRequest {
  file: File;
  told: (part: number) => void;
  signal: AbortSignal;
}

/** Something to be done about a thing: a task with this title that leads back to it, or to a place in this client with a name. */
export interface TaskRequest {
  title: string;
  source: { accountId: string; kind: string; id: string } | { path: string; name: string };
}

/** A new event to begin with, for the calendar: what is known of it already. */
export interface EventRequest {
  title?: string;
  description?: string;
  people?: Person[];
  /** ISO 8601 instant; without it the next half hour. */
  start?: string;
}

/** A thing to be talked about in a room, and what others there see of it, whoever may open it. */
export interface DiscussRequest {
  kind: string;
  accountId: string;
  id: string;
  title: string;
  author: string;
  /** ISO 8601 instant. */
  at: string;
  excerpt: string;
  /** The file that can be handed over with it, for those who may not open it. */
  file: KeptFile;
}

export const openCompose = new Port<ComposeRequest>('compose');
export const openAssistant = new Port<AssistantRequest>('assistant');
export const assist = new Port<AssistRequest, Assisted>('assist');
export const markText = new Port<MarkRequest, string>('mark');
/** Provided by the feature that owns a kind, for citations and search hits: `openPassage('Email')`. */
const passages = new Map<string, Port<PassageRequest>>();
export function openPassage(kind: string): Port<PassageRequest> {
  let port = passages.get(kind);
  if (!port) passages.set(kind, (port = new Port(`passage ${kind}`)));
  return port;
}
export const openSearch = new Port<SearchRequest>('search');
export const openEvent = new Port<EventRequest>('event');
export const openShare = new Port<ShareRequest>('share');
/** Answers with nothing when the person chose none. */
export const chooseFiles = new Port<ChooseFilesRequest, KeptFile[]>('chooseFiles');
/** Brings a file of any size to the server, going on where a cut connection stopped; answers with its blob. */
export const bringFile = new Port<BringRequest, { accountId: string; blobId: string }>('bringFile');
/** Puts blobs among the person's files, where they say. */
export const keepFiles = new Port<KeptFile[]>('keepFiles');
export const discuss = new Port<DiscussRequest>('discuss');
export const makeTask = new Port<TaskRequest>('task');

/** Props of the places others may fill. */
export interface Slots {
  /** Above the messages of an open conversation: a summary, for example. */
  'conversation.top': { accountId: string; threadId: string; emailIds: string[]; subject: string };
  /** Below them: the quick reply. */
  'conversation.bottom': { accountId: string; threadId: string; emailId: string };
  /** At the right of the reading pane's tools. */
  'conversation.tools': { accountId: string; threadId: string; emailIds: string[] };
  /** A summary of some things, made as soon as it is `ready`, with its sources; `ondone` when it is whole or was stopped. */
  digest: { about: { accountId: string; kind: string; id: string }[]; ready: boolean; ondone: () => void };
  /** On the page of a space, above where its things are: what is talked about there. */
  'space.top': { accountId: string };
  /** Over everything, for composers and other floating windows; drawn once by the shell. */
  'shell.overlay': Record<string, never>;
  /** Above every screen, in a row of its own: what is to be seen at once, and covers nothing. */
  'shell.top': Record<string, never>;
  /** In the dialog about who sees a thing, below the people: links for others. */
  'share.more': { type: string; accountId: string; id: string };
  /** The part of the settings about filters of mail. */
  'settings.filters': Record<string, never>;
  /** The part about mailing lists. */
  'settings.lists': Record<string, never>;
  /** In a message that brings an invitation or an answer to one (iMIP, RFC 6047), above its text. */
  'mail.invitation': { accountId: string; blobId: string; from: string };
  /** A message that lies among files, parsed, in an account that has mail. */
  'file.mail': { accountId: string; blobId: string; titled: boolean };
  /** The part of the settings about encryption. */
  'settings.encryption': Record<string, never>;
  /** The part of the settings about chat. */
  'settings.chat': Record<string, never>;
  /** The part of the settings about the calendar. */
  'settings.calendar': Record<string, never>;
  /** A whole conversation with its tools, provided by mail, for use by search and the assistant. */
  'mail.conversation': { accountId: string; threadId: string; onclose?: () => void; highlight?: Highlight };
}

/** Where a feature shows what one account holds: a space's page leads there. */
export interface Home {
  id: string;
  title: MessageKey;
  icon: AnyComponent;
  /** Of the accounts that hold something of the kind. */
  capability: string;
  path: (account: string) => string;
}

const known: Home[] = [];

/** Tells where the things of an account are shown. */
export function addHome(home: Home): void {
  known.push(home);
}

export function homes(): readonly Home[] {
  return known;
}

const filled = new Map<string, Lazy<{ default: AnyComponent }>[]>();

/** Puts a component in a slot: `fill('conversation.top', () => import('./Summary.svelte'))`. */
export function fill(slot: keyof Slots, load: Lazy<{ default: AnyComponent }>): void {
  filled.set(slot, [...(filled.get(slot) ?? []), load]);
}

export function fillings(slot: keyof Slots): Lazy<{ default: AnyComponent }>[] {
  return filled.get(slot) ?? [];
}
