/** What is open over the page of spaces. */
export type Task = { kind: 'new' } | { kind: 'edit'; id: string } | { kind: 'members'; id: string } | { kind: 'delete'; id: string };

class Ui {
  task = $state.raw<Task | null>(null);
  drawer = $state(false);
}

export const ui = new Ui();
