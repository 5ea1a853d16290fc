/** What the shell shows over the screens. */
class Overlays {
  palette = $state(false);
  paletteText = $state('');
  help = $state(false);

  openPalette(text = ''): void {
    this.paletteText = text;
    this.palette = true;
  }
}

export const overlays = new Overlays();
