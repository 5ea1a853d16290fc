/** Texts to begin messages with, kept on the server (`urn:parvis:mail`). */
import { defineType } from '../../kernel/store.svelte';

export interface Template {
  id: string;
  name: string;
  subject: string;
  html: string;
}

export const TemplateType = defineType<Template>({ name: 'EmailTemplate', whole: true, capability: 'urn:parvis:mail' });
