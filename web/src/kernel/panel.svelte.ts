/** The side panel: one feature at a time docks there, over any screen; it stays open across screens and reloads. */

const KEPT = 'parvis-panel';

class SidePanel {
  /** Id of the feature shown, or null. Reactive. */
  current = $state<string | null>(null);

  begin(): void {
    this.current = matchMedia('(min-width: 1180px)').matches ? localStorage.getItem(KEPT) : null;
  }
  open(feature: string): void {
    this.current = feature;
    localStorage.setItem(KEPT, feature);
  }
  close(): void {
    this.current = null;
    localStorage.removeItem(KEPT);
  }
  toggle(feature: string): void {
    if (this.current === feature) this.close();
    else this.open(feature);
  }
}

export const panel = new SidePanel();
