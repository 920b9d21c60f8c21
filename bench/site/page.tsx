import type { PostProps } from './load.ts'
import type { Offer, Section } from './posts.ts'

/** The page that every server renders: markup of an ordinary article with a list of offers. */
export function PostPage({ post, renderedAt }: PostProps) {
  return (
    <div className="layout layout--article" id="page">
      <SiteHeader />
      <main className="article">
        <h1 className="article__title">{post.title}</h1>
        <p className="article__byline">
          By <span className="article__author">{post.author}</span>, read at{' '}
          <time className="article__time" data-rendered-at={renderedAt} />
        </p>
        {post.sections.map((section) => (
          <ArticleSection key={section.heading} section={section} />
        ))}
        <section className="offers">
          <h2 className="offers__title">Offers</h2>
          <ul className="offers__list">
            {post.offers.map((offer) => (
              <OfferCard key={offer.id} offer={offer} />
            ))}
          </ul>
        </section>
        <nav className="pager" aria-label="Posts">
          <a className="pager__link pager__link--next" href={`/posts/${post.id + 1}`}>
            Next post
          </a>
        </nav>
      </main>
      <SiteFooter />
    </div>
  )
}

const SECTIONS_OF_SITE = ['Markets', 'Bakeries', 'Gardens', 'Harbours', 'Workshops', 'Letters']

function SiteHeader() {
  return (
    <header className="header">
      <a className="header__logo" href="/">
        The Harbour Review
      </a>
      <nav className="header__navigation" aria-label="Sections">
        <ul className="header__list">
          {SECTIONS_OF_SITE.map((name, index) => (
            <li className="header__item" key={name}>
              <a className="header__link" href={`/posts/${index + 1}`}>
                {name}
              </a>
            </li>
          ))}
        </ul>
      </nav>
    </header>
  )
}

function ArticleSection({ section }: { section: Section }) {
  return (
    <section className="article__section">
      <h2 className="article__heading">{section.heading}</h2>
      {section.paragraphs.map((paragraph) => (
        <p className="article__paragraph" key={paragraph}>
          {paragraph}
        </p>
      ))}
    </section>
  )
}

function OfferCard({ offer }: { offer: Offer }) {
  return (
    <li className="offers__item card">
      <a className="card__link" href={`/posts/${offer.id}`}>
        <span className="card__name">{offer.name}</span>
      </a>
      <span className="card__price">{(offer.price / 100).toFixed(2)}</span>
      <span className="card__stars" aria-label={`${offer.stars} of 5`}>
        {'★'.repeat(offer.stars)}
      </span>
      <button className="card__button button button--small" type="button">
        Add to basket
      </button>
    </li>
  )
}

function SiteFooter() {
  return (
    <footer className="footer">
      <p className="footer__note">Printed daily, and read by the harbour, since 1871.</p>
      <ul className="footer__list">
        {SECTIONS_OF_SITE.map((name, index) => (
          <li className="footer__item" key={name}>
            <a className="footer__link" href={`/posts/${index + 1}`}>
              {name}
            </a>
          </li>
        ))}
      </ul>
    </footer>
  )
}
