/// One value that goes into a task or comes out of it.
public struct Value: Sendable, Equatable {
    /// The input or output as task.json declares it; nil means the task's first one.
    public var port: String?
    public var content: Content

    public enum Content: Sendable, Equatable {
        case text(String)
        /// A JSON document.
        case json(String)
        case audio(Audio)
        case image(Image)
        case tensor(Tensor)
        /// Best or first as the task says. Scores only come out of a task.
        case scores([Score])
    }

    public init(_ content: Content, port: String? = nil) {
        self.content = content
        self.port = port
    }

    public static func text(_ text: String, port: String? = nil) -> Value { Value(.text(text), port: port) }
    public static func json(_ text: String, port: String? = nil) -> Value { Value(.json(text), port: port) }

    /// The text of a text value, else nil.
    public var text: String? {
        if case .text(let text) = content { text } else { nil }
    }
}

/// Sound.
public struct Audio: Sendable, Equatable {
    /// Interleaved, in [-1, 1].
    public var samples: [Float]
    /// Samples per second and channel, Hz.
    public var rate: Int
    public var channels: Int

    public init(samples: [Float], rate: Int, channels: Int = 1) {
        self.samples = samples
        self.rate = rate
        self.channels = channels
    }
}

/// One picture: RGBA8 in one plane, or YUV 4:2:0 in three.
public struct Image: Sendable, Equatable {
    public struct Plane: Sendable, Equatable {
        public var bytes: [UInt8]
        /// Bytes from row to row, and from pixel to pixel.
        public var rowStride: Int, pixelStride: Int

        public init(bytes: [UInt8], rowStride: Int, pixelStride: Int) {
            self.bytes = bytes
            self.rowStride = rowStride
            self.pixelStride = pixelStride
        }
    }

    public let planes: [Plane]
    public let pixels: Pixels
    /// Pixels.
    public let width: Int, height: Int
    /// Clockwise degrees that turn the picture upright: 0, 90, 180 or 270.
    public let rotation: Int

    /// - Throws: `invalidArgument` if a plane is smaller than its strides say, which the core cannot notice.
    public init(planes: [Plane], pixels: Pixels, width: Int, height: Int, rotation: Int = 0) throws(HandheldError) {
        let full = [pixels == .rgba8 ? 4 : 1], half = [1, 1]
        let pixelBytes = pixels == .rgba8 ? full : full + half
        guard width > 0, height > 0, planes.count == pixelBytes.count else {
            throw HandheldError(
                .invalidArgument, "\(planes.count) planes of \(width) x \(height) pixels are no \(pixels) image.")
        }
        for (index, plane) in planes.enumerated() {
            let columns = index == 0 ? width : (width + 1) / 2
            let rows = index == 0 ? height : (height + 1) / 2
            let needed = (rows - 1) * plane.rowStride + (columns - 1) * plane.pixelStride + pixelBytes[index]
            guard plane.pixelStride >= pixelBytes[index], plane.rowStride > 0, plane.bytes.count >= needed else {
                throw HandheldError(
                    .invalidArgument, "Plane \(index) has \(plane.bytes.count) bytes; its strides need \(needed).")
            }
        }
        self.planes = planes
        self.pixels = pixels
        self.width = width
        self.height = height
        self.rotation = rotation
    }
}

/// A typed, shaped array, row-major.
public struct Tensor: Sendable, Equatable {
    /// The elements in the machine's byte order.
    public let bytes: [UInt8]
    public let dtype: DType
    public let shape: [Int]

    /// - Throws: `invalidArgument` if the number of bytes is not what element type and shape say.
    public init(bytes: [UInt8], dtype: DType, shape: [Int]) throws(HandheldError) {
        guard shape.count <= 8, bytes.count == shape.reduce(dtype.bytes, *) else {
            throw HandheldError(.invalidArgument, "A tensor of \(dtype) \(shape) does not have \(bytes.count) bytes.")
        }
        self.bytes = bytes
        self.dtype = dtype
        self.shape = shape
    }
}

/// One label with its score.
public struct Score: Sendable, Equatable {
    public var label: String
    public var score: Float

    public init(label: String, score: Float) {
        self.label = label
        self.score = score
    }
}
