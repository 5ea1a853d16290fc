/** Has the browser save what is at an address, under a name; without one, as the server calls it. */
export function saveAs(href: string, download = ''): void {
  const link = Object.assign(document.createElement('a'), { href, download });
  document.body.append(link);
  link.click();
  link.remove();
}
