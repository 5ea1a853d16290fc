/** What is told of things by their type: which properties, how they are named, with which icon. */
import type { AnyComponent } from '../kernel/commands.svelte';
import { Calendar, FileText, Folder, ListChecks, Mail, User } from '../ui/icons';
import type { Happening } from './types';

type Fields = Record<string, unknown>;

interface Look {
  icon: AnyComponent;
  properties: string[];
  /** Empty for a thing without a name. */
  name: (thing: Fields) => string;
  /** Who it is from, where the thing says so. */
  by?: (thing: Fields) => string;
  /** Who has made or changed it, as a principal, where the thing says so. */
  who?: (thing: Fields, change: Happening['change']) => string;
  /** What is there by itself, as the trash is, or was thrown away is no news. */
  isPlain?: (thing: Fields) => boolean;
  /** How it is told of and shown where it is more than its type says: a folder is no file. */
  as?: (thing: Fields) => Pick<Look, 'icon'> & { word: string } | null;
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function author({ from }: Fields): string {
  const first = Array.isArray(from) ? (from[0] as { name?: string | null; email: string } | undefined) : undefined;
  return first ? first.name || first.email : '';
}

export const LOOKS: Record<string, Look> = {
  Email: { icon: Mail, properties: ['id', 'subject', 'from'], name: ({ subject }) => text(subject), by: author },
  CalendarEvent: { icon: Calendar, properties: ['id', 'title', 'start'], name: ({ title }) => text(title) },
  Task: { icon: ListChecks, properties: ['id', 'title'], name: ({ title }) => text(title) },
  FileNode: {
    icon: FileText,
    properties: ['id', 'name', 'nodeType', 'role', 'trashed', 'createdBy', 'changedBy'],
    name: ({ name }) => text(name),
    who: ({ createdBy, changedBy }, change) => text(change === 'created' ? createdBy : changedBy),
    isPlain: ({ role, trashed }) => !role && !trashed,
    as: ({ nodeType }) => (nodeType === 'directory' ? { icon: Folder, word: 'Folder' } : null),
  },
  ContactCard: { icon: User, properties: ['id', 'name'], name: ({ name }) => text((name as Fields | undefined)?.full) },
};
