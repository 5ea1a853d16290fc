/** How many conversations wait for an answer, for the rail: all that is of the chat in the first load. */
class Badge {
  count = $state(0);
}

export const badge = new Badge();
