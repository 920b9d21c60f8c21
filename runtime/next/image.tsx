import type { ComponentPropsWithRef, CSSProperties, ReactNode } from 'react'

/** An image file as Next.js imports it. */
export interface StaticImageData {
  src: string
  height: number
  width: number
  blurDataURL?: string
}

export interface ImageLoaderProps {
  src: string
  width: number
  quality?: number
}

/** Writes the URL of an image in a given width, for a service that makes it. */
export type ImageLoader = (props: ImageLoaderProps) => string

/** What `Image` takes, besides all that an `<img>` takes. */
export interface ImageProps extends Omit<ComponentPropsWithRef<'img'>, 'src' | 'srcSet' | 'width' | 'height' | 'alt'> {
  /** A URL or an imported image. */
  src: string | StaticImageData | { default: StaticImageData }
  alt: string
  width?: number | `${number}`
  height?: number | `${number}`
  /** Fills its parent, which must be positioned. */
  fill?: boolean
  /** Without it the image is served as it is. */
  loader?: ImageLoader
  quality?: number | `${number}`
  /** Load it before others. */
  priority?: boolean
  preload?: boolean
  overrideSrc?: string
  onLoadingComplete?: (image: HTMLImageElement) => void
  /** Taken, and changes nothing: nothing is optimised here. */
  unoptimized?: boolean
  /** Taken, and changes nothing. */
  placeholder?: string
  /** Taken, and changes nothing. */
  blurDataURL?: string
}

/** Widths that Next.js asks a loader for by default. */
const DEVICE_WIDTHS = [640, 750, 828, 1080, 1200, 1920, 2048, 3840]

const FILLING: CSSProperties = { position: 'absolute', inset: 0, width: '100%', height: '100%' }

/**
 * An image as Next.js pages write it: an `<img>` with lazy loading, and with the widths that a `loader` offers. Images are
 * served as they are: there is no optimising server here.
 *
 * @example <Image src="/portrait.jpg" alt="Ada Lovelace" width={400} height={300} />
 * @see https://nextjs.org/docs/pages/api-reference/components/image
 */
export default function Image(props: ImageProps): ReactNode {
  return <img {...getImageProps(props).props} />
}

/** The properties of the `<img>`, for other elements such as `<picture>`. */
export function getImageProps({
  src,
  fill,
  loader,
  quality,
  priority,
  preload,
  overrideSrc,
  onLoadingComplete,
  ...rest
}: ImageProps): { props: ComponentPropsWithRef<'img'> & { alt: string } } {
  const { unoptimized: _, placeholder: __, blurDataURL: ___, ...image } = rest
  const imported = typeof src === 'string' ? undefined : 'default' in src ? src.default : src
  const url = imported?.src ?? (src as string)
  const width = fill ? undefined : (image.width ?? imported?.width)
  const height = fill ? undefined : (image.height ?? imported?.height)
  const isUrgent = priority || preload
  const { onLoad } = image
  return {
    props: {
      decoding: 'async',
      loading: isUrgent ? undefined : 'lazy',
      fetchPriority: isUrgent ? 'high' : undefined,
      ...image,
      width,
      height,
      style: fill ? { ...FILLING, ...image.style } : image.style,
      ...(loader && toSources(loader, url, image.sizes, toNumber(width), toNumber(quality))),
      ...(!loader && { src: url }),
      ...(overrideSrc !== undefined && { src: overrideSrc }),
      onLoad(event) {
        onLoad?.(event)
        onLoadingComplete?.(event.currentTarget)
      },
    },
  }
}

function toSources(
  loader: ImageLoader,
  src: string,
  sizes: string | undefined,
  width: number | undefined,
  quality: number | undefined,
): { src: string; srcSet: string } {
  const toUrl = (width: number) => loader({ src, width, ...(quality !== undefined && { quality }) })
  const byWidth = sizes !== undefined || width === undefined
  const widths = byWidth ? DEVICE_WIDTHS : [width, width * 2]
  const srcSet = widths.map((width, index) => `${toUrl(width)} ${byWidth ? `${width}w` : `${index + 1}x`}`)
  return { src: toUrl(widths.at(-1)!), srcSet: srcSet.join(', ') }
}

function toNumber(value: number | string | undefined): number | undefined {
  return value === undefined ? undefined : Number(value)
}
