/** The assistant's records as the server sends them (capability urn:parvis:assistant). */
export const ASSISTANT = 'urn:parvis:assistant';

export interface Place {
  page?: number;
  slide?: number;
  sheet?: string;
  row?: number;
}

export interface Citation {
  number: number;
  passageId: string;
  accountId: string;
  scopeId: string;
  kind: string;
  objectId: string;
  part: string;
  start: number;
  end: number;
  quote: string;
  title: string;
  author: string;
  time: string;
  origin: 'own' | 'colleague' | 'outside' | 'system';
  place: Place;
  fileName: string;
}

export interface Block {
  kind: 'paragraph' | 'item' | 'quote' | 'draft';
  claims: { text: string; citations: number[] }[];
  text: string;
}

export interface Answer {
  mode: 'generated' | 'extractive' | 'none';
  blocks: Block[];
  citations: Citation[];
  searched: { kinds: string[]; accounts: string[]; passages: number };
  notice: string;
  dropped: number;
  model: string;
  runsIn: string;
  level: 'none' | 'assisted' | 'generated';
}

export type TurnStatus = 'running' | 'done' | 'failed' | 'stopped';

export interface About {
  accountId: string;
  kind: string;
  id: string;
}

export interface TurnRequest {
  task: 'ask' | 'summarise' | 'draft' | 'rewrite' | 'translate';
  text?: string;
  about?: About[];
  style?: string;
  language?: string;
}

export interface ModelCard {
  id: string;
  name: string;
  country: string;
  local: boolean;
  answers: boolean;
}

export const EMPTY: Answer = {
  mode: 'none', blocks: [], citations: [], searched: { kinds: [], accounts: [], passages: 0 }, notice: '', dropped: 0, model: '', runsIn: '', level: 'none',
};
