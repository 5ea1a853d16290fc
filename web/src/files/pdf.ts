/** PDF by pdf.js: its scripts are never run, and its worker is of our own origin. Loaded when a PDF is opened. */
import { getDocument, GlobalWorkerOptions, TextLayer, type PDFDocumentLoadingTask, type PDFDocumentProxy, type RenderTask } from 'pdfjs-dist';
import worker from 'pdfjs-dist/build/pdf.worker.min.mjs?url';

GlobalWorkerOptions.workerSrc = worker;
const MOST_PIXELS = 16_000_000;

/** Begins to read a PDF; only the parts that are needed are fetched. */
export function openPdf(url: string): PDFDocumentLoadingTask {
  return getDocument({ url, withCredentials: true, enableXfa: false, disableAutoFetch: true, useWasm: false });
}

export async function pageSize(document: PDFDocumentProxy, number: number): Promise<{ width: number; height: number }> {
  const { width, height } = (await document.getPage(number)).getViewport({ scale: 1 });
  return { width, height };
}

/** Draws a page as wide as asked; `sized` is told its height as a part of its width. */
export function drawPage(document: PDFDocumentProxy, number: number, canvas: HTMLCanvasElement, text: HTMLElement, width: number, sized: (ratio: number) => void): { cancel: () => void } {
  let cancelled = false;
  let task: RenderTask | null = null;
  let layer: TextLayer | null = null;
  void (async () => {
    const page = await document.getPage(number);
    if (cancelled) return;
    const plain = page.getViewport({ scale: 1 });
    sized(plain.height / plain.width);
    const scale = width / plain.width;
    const pixels = Math.min(devicePixelRatio || 1, Math.sqrt(MOST_PIXELS / (width * width * (plain.height / plain.width))));
    const viewport = page.getViewport({ scale: scale * pixels });
    canvas.width = Math.round(viewport.width);
    canvas.height = Math.round(viewport.height);
    task = page.render({ canvas, viewport });
    await task.promise;
    if (cancelled) return;
    text.replaceChildren();
    text.style.setProperty('--total-scale-factor', String(scale));
    layer = new TextLayer({ textContentSource: page.streamTextContent(), container: text, viewport: page.getViewport({ scale }) });
    await layer.render();
  })().catch(() => undefined); // a page that cannot be drawn stays white; one that left the view is not drawn on
  return {
    cancel: () => {
      cancelled = true;
      task?.cancel();
      layer?.cancel();
    },
  };
}
