// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { applyPatch, invertPatch } from '../src/kernel/patch';
import { levelOf, rightsOf } from '../src/sharing/levels';

const levels = [
  { label: 'sees', rights: ['mayRead'] },
  { label: 'changes', rights: ['mayRead', 'mayWrite'] },
  { label: 'shares', rights: ['mayRead', 'mayWrite', 'mayShare'] },
];

describe('levels of sharing', () => {
  it('name every right that any of them knows', () => {
    expect(rightsOf(levels[0]!, levels)).toEqual({ mayRead: true, mayWrite: false, mayShare: false });
  });
  it('are found again from the rights they gave, whatever other rights there are', () => {
    for (const [index, level] of levels.entries()) expect(levelOf({ ...rightsOf(level, levels), mayDance: true }, levels)).toBe(index);
  });
  it('are none when the rights are between two of them', () => {
    expect(levelOf({ mayRead: true, mayShare: true }, levels)).toBe(-1);
  });
});

describe('a share in a patch', () => {
  const node = { id: 'n', shareWith: { p1: { mayRead: true } } as Record<string, object> };
  it('is gone when it is set to null, and comes back by the inverse', () => {
    const patch = { 'shareWith/p1': null };
    const without = applyPatch(node, patch);
    expect(without.shareWith).toEqual({});
    expect(applyPatch(without, invertPatch(node, patch))).toEqual(node);
  });
  it('that was given is taken away by the inverse', () => {
    const patch = { 'shareWith/p2': { mayRead: true } };
    expect(applyPatch(applyPatch(node, patch), invertPatch(node, patch))).toEqual(node);
  });
});
