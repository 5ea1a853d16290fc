/** Whether anything has been uploaded since the page was opened: only then is the tray loaded. */
class Going {
  begun = $state(false);
}

export const going = new Going();
