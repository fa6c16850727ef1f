package dev.handheld

import java.nio.ByteBuffer

/**
 * One value that goes into a task or comes out of it. `port` names the input or output as task.json declares it; null
 * means the task's first one.
 */
public sealed interface Value {
    public val port: String?

    public data class Text(val text: String, override val port: String? = null) : Value

    /** A JSON document. */
    public data class Json(val text: String, override val port: String? = null) : Value

    /** @property samples interleaved, in [-1, 1]; [rate] is in Hz */
    public class Audio(
        public val samples: FloatArray,
        public val rate: Int,
        public val channels: Int = 1,
        override val port: String? = null,
    ) : Value

    /**
     * One picture: RGBA8 in one plane, or YUV 4:2:0 in three.
     *
     * @property rotation clockwise degrees that turn it upright: 0, 90, 180 or 270
     * @throws IllegalArgumentException if a plane is too small for its strides, which native code cannot notice
     */
    public class Image(
        public val planes: List<Plane>,
        public val pixels: Pixels,
        public val width: Int,
        public val height: Int,
        public val rotation: Int = 0,
        override val port: String? = null,
    ) : Value {
        /** Strides are bytes from row to row and from pixel to pixel. */
        public class Plane(public val data: ByteBuffer, public val rowStride: Int, public val pixelStride: Int)

        init {
            require(width > 0 && height > 0) { "An image of $width x $height pixels has no content." }
            require(planes.size == if (pixels == Pixels.RGBA8) 1 else PLANES_OF_YUV) {
                "$pixels does not have ${planes.size} planes."
            }
            planes.forEachIndexed { index, plane -> checkPlane(index, plane) }
        }

        private fun checkPlane(index: Int, plane: Plane) {
            val columns = if (index == 0) width else (width + 1) / 2
            val rows = if (index == 0) height else (height + 1) / 2
            val pixelBytes = if (pixels == Pixels.RGBA8) BYTES_OF_RGBA else 1
            require(plane.pixelStride >= pixelBytes && plane.rowStride >= 1) {
                "Plane $index has strides of ${plane.rowStride} and ${plane.pixelStride} bytes."
            }
            val needed = (rows - 1L) * plane.rowStride + (columns - 1L) * plane.pixelStride + pixelBytes
            require(plane.data.remaining() >= needed) {
                "Plane $index has ${plane.data.remaining()} bytes; its strides need $needed."
            }
        }

        private companion object {
            const val PLANES_OF_YUV = 3
            const val BYTES_OF_RGBA = 4
        }
    }

    /** @property data the elements, row-major, in the machine's byte order */
    public class Tensor(
        public val data: ByteArray,
        public val dtype: DType,
        public val shape: LongArray,
        override val port: String? = null,
    ) : Value {
        init {
            val needed = shape.fold(dtype.bytes.toLong()) { size, extent -> Math.multiplyExact(size, extent) }
            require(shape.size <= MAX_RANK && needed == data.size.toLong()) {
                "A tensor of $dtype ${shape.contentToString()} does not have ${data.size} bytes."
            }
        }

        private companion object {
            const val MAX_RANK = 8
        }
    }

    /** One score for each label, best or first as the task says. */
    public class Scores(
        public val labels: List<String>,
        public val scores: FloatArray,
        override val port: String? = null,
    ) : Value
}

internal fun Value.toNative(): NativeValue = NativeValue().also { slot ->
    slot.name = port?.encodeToByteArray()
    when (this) {
        is Value.Text -> slot.fill(Kind.TEXT, text.encodeToByteArray())
        is Value.Json -> slot.fill(Kind.JSON, text.encodeToByteArray())
        is Value.Audio -> {
            slot.kind = Kind.AUDIO.code
            slot.floats = samples
            slot.rate = rate
            slot.channels = channels
        }
        is Value.Image -> slot.fill(this)
        is Value.Tensor -> {
            slot.fill(Kind.TENSOR, data)
            slot.dtype = dtype.code
            slot.shape = shape
        }
        is Value.Scores -> throw HandheldException(Status.WRONG_KIND, "Scores come out of a task; none takes them in.")
    }
}

private fun NativeValue.fill(kind: Kind, data: ByteArray) {
    this.kind = kind.code
    bytes = data
}

private fun NativeValue.fill(image: Value.Image) {
    kind = Kind.IMAGE.code
    pixels = image.pixels.code
    width = image.width
    height = image.height
    rotation = image.rotation
    planes = image.planes.map { it.data.direct() }.toTypedArray()
    rowStrides = image.planes.map { it.rowStride }.toIntArray()
    pixelStrides = image.planes.map { it.pixelStride }.toIntArray()
}

/**
 * Native code reads direct buffers only, and from their start. A copy is filled through a second view, because Android 8
 * has no `flip()` that gives a ByteBuffer.
 */
private fun ByteBuffer.direct(): ByteBuffer =
    if (isDirect) slice() else ByteBuffer.allocateDirect(remaining()).also { it.duplicate().put(duplicate()) }

internal fun NativeValue.toValue(): Value {
    val port = name?.decodeToString()
    val data = bytes ?: NO_BYTES
    return when (Kind.of(kind)) {
        Kind.TEXT -> Value.Text(data.decodeToString(), port)
        Kind.JSON -> Value.Json(data.decodeToString(), port)
        Kind.AUDIO -> Value.Audio(floats ?: NO_FLOATS, rate, channels, port)
        Kind.IMAGE -> {
            val plane = Value.Image.Plane(ByteBuffer.wrap(data), rowStrides?.first() ?: 0, pixelStrides?.first() ?: 0)
            Value.Image(listOf(plane), Pixels.of(pixels) ?: unknown("pixels", pixels), width, height, rotation, port)
        }
        Kind.TENSOR -> Value.Tensor(data, DType.of(dtype) ?: unknown("dtype", dtype), shape ?: NO_SHAPE, port)
        Kind.SCORES -> Value.Scores(labels.orEmpty().map { it.decodeToString() }, floats ?: NO_FLOATS, port)
        Kind.END, null -> unknown("kind", kind)
    }
}

private fun unknown(what: String, code: Int): Nothing =
    throw HandheldException(Status.INTERNAL, "The core gave the $what $code, which this binding does not know.")

private val NO_BYTES = ByteArray(0)
private val NO_FLOATS = FloatArray(0)
private val NO_SHAPE = LongArray(0)
