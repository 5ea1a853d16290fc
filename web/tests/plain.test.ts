// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { plainText } from '../src/mail/compose/plain';

const p = (...words: string[]) => ({ type: 'paragraph', content: words.flatMap((text, index) => [...(index ? [{ type: 'hardBreak' }] : []), { type: 'text', text }]) });

describe('the plain text of a message', () => {
  it('quotes with signs, however deep', () => {
    const doc = { type: 'doc', content: [p('Yes'), { type: 'paragraph' }, { type: 'blockquote', content: [p('One', 'two'), { type: 'blockquote', content: [p('Old')] }, { type: 'paragraph' }] }] };
    expect(plainText(doc)).toBe('Yes\n\n> One\n> two\n>> Old\n>');
  });
  it('writes lists with their signs, and what belongs to an item under it', () => {
    const item = (...content: object[]) => ({ type: 'listItem', content });
    const doc = { type: 'doc', content: [{ type: 'bulletList', content: [item(p('a'), { type: 'orderedList', attrs: { start: 3 }, content: [item(p('b')), item(p('c'))] })] }] };
    expect(plainText(doc)).toBe('- a\n  3. b\n  4. c');
  });
  it('begins a signature with the line that programs know', () => {
    expect(plainText({ type: 'doc', content: [p('Hello'), p('--'), p('Ann', 'Chair')] })).toBe('Hello\n-- \nAnn\nChair');
  });
});
