import CHandheld

// Values of Swift as hh_value and back. The core copies what it is given; what it gives is copied here.

extension Value {
    /// - Throws: `wrongKind` for scores, which no task takes in; and what `body` throws.
    func withCValue<Result>(_ body: (UnsafePointer<hh_value>) throws -> Result) throws -> Result {
        var value = hh_value.empty
        return try withOptionalCString(port) { name in
            value.name = name
            switch content {
            case .text(var text):
                value.kind = HH_KIND_TEXT
                return try text.withUTF8 { try value.pass(UnsafeRawBufferPointer($0), to: body) }
            case .json(var text):
                value.kind = HH_KIND_JSON
                return try text.withUTF8 { try value.pass(UnsafeRawBufferPointer($0), to: body) }
            case .audio(let audio):
                value.kind = HH_KIND_AUDIO
                value.rate = Int32(clamping: audio.rate)
                value.channels = Int32(clamping: audio.channels)
                return try audio.samples.withUnsafeBytes { try value.pass($0, to: body) }
            case .tensor(let tensor):
                value.describe(tensor)
                return try tensor.bytes.withUnsafeBytes { try value.pass($0, to: body) }
            case .image(let image):
                return try value.pass(image, to: body)
            case .scores:
                throw HandheldError(.wrongKind, "Scores come out of a task; none takes them in.")
            }
        }
    }

    /// Copies a value that the core lent. Throws `internal` if its kind is unknown here.
    init(copying value: hh_value) throws(HandheldError) {
        let bytes = UnsafeRawBufferPointer(start: value.data, count: value.size)
        let content: Content
        switch value.kind {
        case HH_KIND_TEXT: content = .text(String(decoding: bytes, as: UTF8.self))
        case HH_KIND_JSON: content = .json(String(decoding: bytes, as: UTF8.self))
        case HH_KIND_AUDIO:
            content = .audio(
                Audio(
                    samples: Array(bytes.bindMemory(to: Float.self)), rate: Int(value.rate),
                    channels: Int(value.channels)))
        case HH_KIND_IMAGE: content = .image(try Image(copying: value))
        case HH_KIND_TENSOR: content = .tensor(try Tensor(copying: value))
        case HH_KIND_SCORES: content = .scores(Score.list(copying: value))
        default: throw HandheldError(.internal, "The core gave a value of the unknown kind \(value.kind.rawValue).")
        }
        self.init(content, port: value.name.map { String(cString: $0) })
    }
}

extension hh_value {
    /// As HH_VALUE_INIT, which Swift does not import.
    static var empty: hh_value {
        var value = hh_value()
        value.struct_size = MemoryLayout<hh_value>.size
        return value
    }

    fileprivate mutating func pass<Result>(
        _ bytes: UnsafeRawBufferPointer, to body: (UnsafePointer<hh_value>) throws -> Result
    ) rethrows -> Result {
        data = bytes.baseAddress
        size = bytes.count
        return try body(&self)
    }

    fileprivate mutating func describe(_ tensor: Tensor) {
        kind = HH_KIND_TENSOR
        dtype = hh_dtype(hh_dtype.RawValue(tensor.dtype.rawValue))
        rank = Int32(tensor.shape.count)
        withUnsafeMutableBytes(of: &shape) { slots in
            let slots = slots.bindMemory(to: Int64.self)
            for (index, extent) in tensor.shape.enumerated() { slots[index] = Int64(extent) }
        }
    }

    fileprivate mutating func pass<Result>(
        _ image: Image, to body: (UnsafePointer<hh_value>) throws -> Result
    ) throws -> Result {
        kind = HH_KIND_IMAGE
        pixels = hh_pixels(hh_pixels.RawValue(image.pixels.rawValue))
        width = Int32(clamping: image.width)
        height = Int32(clamping: image.height)
        rotation = Int32(clamping: image.rotation)
        row_strides = image.strides(\.rowStride)
        pixel_strides = image.strides(\.pixelStride)
        // One block for all planes: only one array of Swift can be lent to C at a time without nesting.
        return try image.planes.flatMap(\.bytes).withUnsafeBytes { all in
            guard let base = all.baseAddress else { return try pass(all, to: body) }
            var offset = 0
            let starts = image.planes.map { plane in
                defer { offset += plane.bytes.count }
                return UnsafeRawPointer(base + offset)
            }
            planes = (starts.count > 1 ? starts[1] : nil, starts.count > 2 ? starts[2] : nil)
            return try pass(UnsafeRawBufferPointer(rebasing: all.prefix(image.planes[0].bytes.count)), to: body)
        }
    }
}

extension Image {
    fileprivate func strides(_ stride: (Plane) -> Int) -> (Int32, Int32, Int32) {
        func at(_ index: Int) -> Int32 { index < planes.count ? Int32(clamping: stride(planes[index])) : 0 }
        return (at(0), at(1), at(2))
    }

    fileprivate init(copying value: hh_value) throws(HandheldError) {
        let pixels = Pixels(rawValue: Int32(truncatingIfNeeded: value.pixels.rawValue)) ?? .rgba8
        let sources = pixels == .rgba8 ? [value.data] : [value.data, value.planes.0, value.planes.1]
        let rowStrides = [value.row_strides.0, value.row_strides.1, value.row_strides.2].map(Int.init)
        let pixelStrides = [value.pixel_strides.0, value.pixel_strides.1, value.pixel_strides.2].map(Int.init)
        let planes = sources.enumerated().map { index, source in
            let rows = index == 0 ? Int(value.height) : (Int(value.height) + 1) / 2
            let bytes = UnsafeRawBufferPointer(start: source, count: source == nil ? 0 : rows * rowStrides[index])
            return Plane(bytes: Array(bytes), rowStride: rowStrides[index], pixelStride: pixelStrides[index])
        }
        try self.init(
            planes: planes, pixels: pixels, width: Int(value.width), height: Int(value.height),
            rotation: Int(value.rotation))
    }
}

extension Tensor {
    fileprivate init(copying value: hh_value) throws(HandheldError) {
        let shape = withUnsafeBytes(of: value.shape) { slots in
            slots.bindMemory(to: Int64.self).prefix(Int(value.rank)).map { Int($0) }
        }
        let bytes = UnsafeRawBufferPointer(start: value.data, count: value.size)
        let dtype = DType(rawValue: Int32(truncatingIfNeeded: value.dtype.rawValue)) ?? .u8
        try self.init(bytes: Array(bytes), dtype: dtype, shape: shape)
    }
}

extension Score {
    fileprivate static func list(copying value: hh_value) -> [Score] {
        let scores = UnsafeRawBufferPointer(start: value.data, count: value.size).bindMemory(to: Float.self)
        return scores.enumerated().map { index, score in
            let label = value.labels.flatMap { $0[index] }
            return Score(label: label.map { String(cString: $0) } ?? "", score: score)
        }
    }
}

/// As `String.withCString`, with nil for nil.
func withOptionalCString<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) throws -> Result) rethrows -> Result {
    guard let text else { return try body(nil) }
    return try text.withCString(body)
}
