import type { Post } from '../server/posts.server.ts'

/** What the blog starts with. */
export const posts: readonly Post[] = [
  {
    id: '1',
    title: 'A quarter of a million ways to be wrong',
    summary: 'Why an atlas should be neither rebuilt for every typo nor rendered for every reader.',
    published: '2026-06-03',
    content: `An atlas is mostly right and always a little out of date. A town passes a thousand inhabitants, a capital changes its spelling, a border commission meets. None of it is urgent, all of it is expected.

A site that is rendered for each reader is never out of date, and does the same work a thousand times a day to say the same thing. A site that is built once is as quick as a file, and one corrected comma means building every page again. This atlas has 250 countries and 135,233 cities: at a hundred pages a second that comma costs twenty minutes.

So the pages here are files that age. Each one is made once and then served as it is. When it is older than its page allows, the next reader still gets it at once, and a new one is made behind their back. Nobody waits, and nothing is older than the first reader after its time.

You can watch it happen: the line at the foot of each page says when it was made.`,
  },
  {
    id: '2',
    title: 'Drawing a country so that it can be compared',
    summary: 'On a wall map Greenland looks as large as Africa. Here it does not.',
    published: '2026-07-19',
    content: `Every flat map lies; the question is about what. The maps that hang in schools mostly keep angles, and pay for it with size: Greenland looks as large as Africa, which would hold it fourteen times.

The outlines in this atlas keep areas instead. Each country is drawn around its own middle, with a projection that Johann Heinrich Lambert published in 1772. Near the centre it hardly distorts anything, and wherever it is used a square centimetre of paper stands for the same number of square kilometres.

That is why two countries can be laid on top of each other on the compare pages, at one scale. Put Germany next to Japan: nearly the same area, and hardly a resemblance.

The world map on the front page keeps areas too. Its projection is called Equal Earth and is younger than most phones.`,
  },
  {
    id: '3',
    title: 'The city that was not built',
    summary: 'Most cities have no page until somebody asks for one.',
    published: '2026-09-02',
    content: `Forty thousand towns in this atlas have fewer than two thousand inhabitants. It is likely that no one will ever look up most of them, and it would be a waste to prepare a page for each.

Country pages are all made when the site is built, for there are only 250. City pages are made when the first reader comes. That reader waits for a moment, the time of a few queries, and everybody after gets the finished page.

Ask for Vienna twice and compare what the server says about it. The first answer is a MISS, the second a HIT. Ask for a city that does not exist and you get a page that says so, which is kept for a while as well: a wrong link that many follow should not cost more than a right one.`,
  },
  {
    id: '4',
    title: 'Side by side, and not at once',
    summary: '250 countries make 62,250 pairs. What to show while one of them is drawn.',
    published: '2026-10-11',
    content: `Two countries out of 250, in either order, make 62,250 pages. Preparing them all would be silly, and waiting for one is unnecessary: its frame is always the same, only the contents differ.

A pair that nobody has asked for yet therefore begins as a frame with grey bars in it. It arrives at once, the browser asks for the contents, and the bars turn into words and outlines in place. Whoever follows gets the whole page in one piece.

Programs that read pages without running them, such as search engines, are never shown the bars. They wait, as they have time.`,
  },
  {
    id: '5',
    title: 'An edit is not a deployment',
    summary: 'Change a sentence, press save, and the page is new: one page, not all of them.',
    published: '2026-11-14',
    content: `Each country in this atlas has a short text, and each text has an edit link below it. Press save and three things happen in this order: the text is written to the database, the country's page is made anew, and you are told that it is done. The next reader gets the new text, whether a minute has passed or not.

The order matters. Had the page been made first, it would show the old sentence. Had the answer come first, you might reload before the page is ready and think that nothing was saved.

If making the page fails, the old one stays where it is. A page with last week's sentence is better than no page.`,
  },
]
