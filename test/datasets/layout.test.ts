/** From the names of files to classes, labels and splits; no images are needed. */
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/common/problem.ts';
import { layoutOf } from '../../src/datasets/folder/layout.ts';

const layout = (files: readonly string[], testShare?: number) => layoutOf({ root: 'photos', files, path: 'dataset.image-folder', ...(testShare === undefined ? {} : { testShare }) });
const named = (samples: readonly { name: string; label: number }[]): string[] => samples.map(({ name, label }) => `${name} ${label}`);
const many = (prefix: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${prefix}/${String(index).padStart(4, '0')}.jpg`);

function refusal(files: readonly string[], testShare?: number): string[] {
  try {
    layout(files, testShare);
  } catch (error) {
    if (error instanceof UserError) return error.problems.map(({ message, path }) => `${path} ${message}`);
    throw error;
  }
  throw new Error('was not refused');
}

describe('train and test', () => {
  it('give sorted classes that take turns', () => {
    const { classNames, train, test } = layout(['train/dog/2.png', 'test/cat/1.png', 'train/cat/9.jpeg', 'train/dog/1.JPG', 'train/cat/10.png', 'test/dog/3.png']);
    expect(classNames).toEqual(['cat', 'dog']);
    expect(named(train)).toEqual(['train/cat/10.png 0', 'train/dog/1.JPG 1', 'train/cat/9.jpeg 0', 'train/dog/2.png 1']);
    expect(named(test)).toEqual(['test/cat/1.png 0', 'test/dog/3.png 1']);
  });

  it('sort classes as Python does', () => {
    const names = ['b', 'a', 'B', '10', '9', 'ä', '\u{1f600}', '\uff5e', 'a b'];
    expect(layout(names.flatMap((name) => [`train/${name}/1.png`, `test/${name}/1.png`])).classNames).toEqual(['10', '9', 'B', 'a', 'a b', 'b', 'ä', '\uff5e', '\u{1f600}']);
  });

  it('have classes in proportion at the beginning and at the end', () => {
    const { train } = layout([...many('train/rare', 100), ...many('train/usual', 900), 'test/rare/1.jpg']);
    const rare = (samples: readonly { label: number }[]): number => samples.filter(({ label }) => label === 0).length;
    expect([rare(train.slice(0, 200)), rare(train.slice(-200)), rare(train)]).toEqual([20, 20, 100]);
  });

  it('take val for test, and say what is not read', () => {
    expect(layout(['train/a/1.png', 'train/b/1.png', 'val/a/2.png', 'extra/c/1.png', 'README.md'])).toMatchObject({ test: [{ name: 'val/a/2.png', label: 0 }], ignored: ['extra'] });
    expect(layout(['train/a/1.png', 'train/b/1.png', 'val/a/2.png', 'test/a/3.png'])).toMatchObject({ test: [{ name: 'test/a/3.png' }], ignored: ['val'] });
  });

  it('may lie in one folder that wraps them, as archives are packed', () => {
    const { train, classNames } = layout(['set/train/a/1.png', 'set/train/b/1.png', 'set/test/a/2.png', 'set/README.md', '._set']);
    expect(classNames).toEqual(['a', 'b']);
    expect(train[0]).toEqual({ path: 'set/train/a/1.png', name: 'train/a/1.png', label: 0 });
  });

  it('leave out what systems leave behind', () => {
    expect(layout(['train/a/1.png', 'train/a/.DS_Store', 'train/a/Thumbs.db', 'train/b/1.png', 'test/a/1.png', '.git/train/x/y']).train).toHaveLength(2);
  });
});

describe('a share for testing', () => {
  const files = [...many('cat', 30), ...many('dog', 10), ...many('emu', 1), 'labels.txt'];

  it('is drawn from each class, always the same, and leaves one to train on', () => {
    const { train, test, classNames } = layout(files, 0.2);
    const counts = (samples: readonly { label: number }[]): number[] => [0, 1, 2].map((label) => samples.filter((each) => each.label === label).length);
    expect([classNames, counts(train), counts(test)]).toEqual([['cat', 'dog', 'emu'], [24, 8, 1], [6, 2, 0]]);
    expect(layout(files.toReversed(), 0.2)).toEqual({ train, test, classNames, ignored: [] });
    expect(new Set([...train, ...test].map(({ path }) => path)).size).toBe(41);
  });

  it('is not the first or the last images', () => {
    const numbers = layout(files, 0.2).test.filter(({ label }) => label === 0).map(({ name }) => Number(/\d+/.exec(name)?.[0]));
    expect(numbers).not.toEqual([0, 1, 2, 3, 4, 5]);
    expect(Math.min(...numbers)).toBeLessThan(15);
    expect(Math.max(...numbers)).toBeGreaterThanOrEqual(15);
  });

  it('may come from train as well', () => {
    const { train, test } = layout([...many('train/a', 10), ...many('train/b', 10)], 0.5);
    expect([train.length, test.length]).toEqual([10, 10]);
  });

  it('is asked for where there is no test, and refused where there is one', () => {
    expect(refusal(files)).toEqual(['dataset.image-folder.test_share photos: there are no test images: no folder test or val']);
    expect(refusal(['train/a/1.png', 'train/b/1.png', 'test/a/1.png'], 0.1)).toEqual(['dataset.image-folder.test_share photos: there are test images in test/ already']);
  });
});

describe('refuses, naming each file', () => {
  it.each<[string, string[], string[]]>([
    ['nothing', [], ['there are no folders with images']],
    ['one class', ['train/a/1.png', 'test/a/1.png'], ['there is one class, a; two are needed to tell them apart']],
    ['images in no class', ['train/a/1.png', 'train/2.png', 'test/a/1.png'], ['train/2.png lies in no folder of a class']],
    ['images too deep', ['train/a/1.png', 'train/a/more/2.png', 'test/a/1.png'], ['train/a/more/2.png lies too deep: the images of a class lie in its folder']],
    ['other files', ['train/a/1.png', 'train/a/2.gif', 'train/a/notes.txt', 'test/a/1.png'], ['train/a/2.gif is no JPEG or PNG file by its name', 'train/a/notes.txt is no JPEG or PNG file by its name']],
    ['classes that are only tested', ['train/a/1.png', 'train/b/1.png', 'test/c/1.png'], ['test/ has classes that train/ has not: c']],
    ['names that would steer a terminal', ['train/a/1.png', 'train/\u001b[31m/1.png', 'test/a/1.png'], ['"\\u001b[31m" cannot be the name of a class: it has control characters']],
  ])('%s', (_, files, messages) => {
    expect(refusal(files, files.some((file) => file.startsWith('test/')) ? undefined : 0.1)).toEqual(messages.map((message) => `dataset.image-folder.path photos: ${message}`));
  });

  it('and not more than a screen of them', () => {
    const messages = refusal(['train/a/1.png', 'test/a/1.png', ...many('train/a', 30).map((path) => path.replace('jpg', 'bmp'))]);
    expect(messages).toHaveLength(11);
    expect(messages[10]).toContain('and 20 more such files');
  });
});
