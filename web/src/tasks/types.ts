/** The kinds of records that tasks are made of: draft-ietf-jmap-tasks, JSCalendar tasks (RFC 8984 §5.2), and what Parvis adds. */
import type { Told } from '../kernel/news.svelte';
import { defineType } from '../kernel/store.svelte';
import type { RecurrenceRule } from '../kernel/time/rule';

export const TASKS = 'urn:ietf:params:jmap:tasks';
export const PARVIS_TASKS = 'urn:parvis:tasks';

export interface ListRights {
  mayReadItems: boolean;
  mayWriteAll: boolean;
  mayWriteOwn: boolean;
  mayUpdatePrivate: boolean;
  mayRSVP: boolean;
  mayAdmin: boolean;
  mayDelete: boolean;
}

/** A list, which is a board too: its columns are `workflowStatuses`. */
export interface TaskList {
  id: string;
  role: string | null;
  name: string;
  color: string | null;
  sortOrder: number;
  isSubscribed: boolean;
  workflowStatuses: string[];
  workflowProgress: Record<string, string> | null;
  /** What columns are called, where they have a name of their own. */
  workflowNames: Record<string, string> | null;
  /** The alerts of tasks that say `useDefaultAlerts`: each person's own. */
  defaultAlertsWithTime?: Record<string, Alert> | null;
  defaultAlertsWithoutTime?: Record<string, Alert> | null;
  shareWith: Record<string, Partial<ListRights>> | null;
  myRights: ListRights;
}

export interface CheckItem {
  '@type'?: string;
  title: string;
  isComplete: boolean;
  sortOrder?: number;
}
export interface Comment {
  '@type'?: string;
  message: string;
  created?: string;
  updated?: string;
  author?: { name?: string; principalId?: string };
}
export interface Alert {
  '@type'?: string;
  trigger: { '@type'?: string; offset?: string; relativeTo?: string; when?: string };
  action?: string;
}

/** Somebody who takes part in a task. RFC 8984 §4.4.6 */
export interface Participant {
  name?: string;
  calendarAddress?: string;
  roles?: Record<string, boolean>;
  participationStatus?: string;
  progress?: string;
  expectReply?: boolean;
}

export interface Task {
  id: string;
  taskListId: string;
  uid: string;
  title: string;
  description?: string | null;
  progress: string;
  workflowStatus: string | null;
  /** Where it is in its column: compared as text. */
  position: string;
  priority: number;
  /** RFC 8984 §1.4.4: wall-clock time. */
  start?: string | null;
  due?: string | null;
  timeZone?: string | null;
  showWithoutTime?: boolean;
  utcDue: string | null;
  /** Of a series of which single times are done: when the first that is not is due. */
  nextDue?: string | null;
  recurrenceRule?: RecurrenceRule | null;
  recurrenceOverrides?: Record<string, unknown> | null;
  relatedTo?: Record<string, { relation?: Record<string, boolean> }> | null;
  keywords?: Record<string, true> | null;
  assigneeIds: Record<string, true> | null;
  participants?: Record<string, Participant> | null;
  /** Who has asked for it, when somebody was asked. */
  organizerCalendarAddress?: string | null;
  parentId: string | null;
  source: { accountId: string; kind: string; id: string } | null;
  links?: Record<string, { href: string; title?: string; rel?: string }> | null;
  /** RFC 8984 §5.2.3: how long it will take. */
  estimatedDuration?: string | null;
  checklists?: Record<string, { '@type'?: string; title?: string; checkItems?: CheckItem[] }> | null;
  comments?: Record<string, Comment> | null;
  alerts?: Record<string, Alert> | null;
  useDefaultAlerts?: boolean | null;
  locations?: Record<string, { name?: string }> | null;
  created: string;
  updated: string;
}

/** A reminder that has rung, until somebody has seen it. It is in the person's own account, whichever account the task is in. */
export interface TaskReminder {
  id: string;
  at: string;
  taskAccountId: string;
  taskListId: string;
  taskId: string;
  title: string;
}

/** What somebody else did to a task that concerns the person; the task is as it was before, a new one as it is. */
export interface TaskNotification extends Told {
  type: 'created' | 'updated' | 'destroyed';
  taskAccountId: string;
  taskId: string;
  task: Partial<Task>;
  taskPatch: Record<string, unknown> | null;
}

export const TaskListType = defineType<TaskList>({ name: 'TaskList', whole: true, capability: TASKS, set: { onDestroyRemoveTasks: true } });
export const TaskType = defineType<Task>({ name: 'Task', capability: TASKS });
export const TaskReminderType = defineType<TaskReminder>({ name: 'TaskReminder', whole: true, capability: PARVIS_TASKS });
