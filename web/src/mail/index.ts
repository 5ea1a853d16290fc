/** The mail feature: what it adds to the shell. */
import type { Feature } from '../kernel/features';
import { Mail } from '../ui/icons';

export const mail: Feature = {
  id: 'mail',
  route: 'mail',
  title: 'mail.title',
  icon: Mail,
  rail: 10,
  component: () => import('./MailScreen.svelte'),
};
