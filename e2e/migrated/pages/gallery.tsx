import Image, { type ImageLoaderProps } from 'next/image'

const loader = ({ src, width, quality }: ImageLoaderProps) => `${src}?w=${width}&q=${quality ?? 75}`

export default function Gallery() {
  return (
    <>
      <h1>Gallery</h1>
      <Image src="/lighthouse.svg" alt="The lighthouse" width={200} height={200} priority />
      <Image loader={loader} src="/favicon.svg" alt="The mark" width={50} height={50} quality={90} />
      <div style={{ position: 'relative', width: 120, height: 80 }}>
        <Image src="/lighthouse.svg" alt="From the sea" fill sizes="120px" style={{ objectFit: 'cover' }} />
      </div>
    </>
  )
}
