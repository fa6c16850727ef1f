import Foundation
import Handheld

// Apple's own frameworks decode; where they are missing, the screens are only checked.
#if canImport(ImageIO)
import CoreGraphics
import ImageIO

/// A photo, decoded and upright.
enum Photo {
    /// The longest side that a photo is decoded to, pixels: far more than a model looks at.
    static let longestSide = 1280

    /// - Throws: `fileInvalid` if the data are no picture.
    static func decode(_ data: Data) throws(HandheldError) -> CGImage {
        let options: [CFString: Any] = [
            kCGImageSourceCreateThumbnailFromImageAlways: true,
            kCGImageSourceCreateThumbnailWithTransform: true,
            kCGImageSourceThumbnailMaxPixelSize: longestSide,
        ]
        guard let source = CGImageSourceCreateWithData(data as CFData, nil),
            let image = CGImageSourceCreateThumbnailAtIndex(source, 0, options as CFDictionary)
        else { throw HandheldError(.fileInvalid) }
        return image
    }

    /// The pixels as the core takes them.
    static func pixels(of image: CGImage) throws(HandheldError) -> Handheld.Image {
        let width = image.width, height = image.height
        var bytes = [UInt8](repeating: 0, count: width * height * 4)
        let drawn = bytes.withUnsafeMutableBytes { memory in
            guard
                let space = CGColorSpace(name: CGColorSpace.sRGB),
                let context = CGContext(
                    data: memory.baseAddress, width: width, height: height, bitsPerComponent: 8,
                    bytesPerRow: width * 4, space: space, bitmapInfo: CGImageAlphaInfo.noneSkipLast.rawValue)
            else { return false }
            context.draw(image, in: CGRect(x: 0, y: 0, width: width, height: height))
            return true
        }
        guard drawn else { throw HandheldError(.outOfMemory) }
        let plane = Handheld.Image.Plane(bytes: bytes, rowStride: width * 4, pixelStride: 4)
        return try Handheld.Image(planes: [plane], pixels: .rgba8, width: width, height: height)
    }
}
#endif
