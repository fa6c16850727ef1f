package dev.handheld

import java.nio.ByteBuffer

/**
 * The C functions of handheld.h, one to one; the table in bindings/jni/native_task.cpp registers them.
 *
 * Text crosses as UTF-8 bytes. A status below 100 is returned, any other is thrown as [HandheldException]. Addresses
 * are not checked here: [NativeHandle] is the only caller.
 */
internal object NativeTask {
    init {
        val path = System.getProperty("handheld.library")
        if (path == null) System.loadLibrary("handheld") else loadFrom(path)
    }

    /** A phone has the library in the APK; a desktop JVM is told where it was built. */
    @Suppress("UnsafeDynamicallyLoadedCode")
    private fun loadFrom(path: String) = System.load(path)

    @JvmStatic external fun version(): ByteArray

    @JvmStatic external fun buildInfo(): ByteArray

    @JvmStatic
    external fun open(
        manifestPath: ByteArray?,
        manifestJson: ByteArray?,
        roles: Array<ByteArray>,
        paths: Array<ByteArray?>,
        descriptors: IntArray,
        offsets: LongArray,
        lengths: LongArray,
        optionsJson: ByteArray?,
    ): Long

    @JvmStatic external fun load(task: Long): Int

    @JvmStatic external fun progress(task: Long): Float

    @JvmStatic external fun configure(task: Long, json: ByteArray)

    @JvmStatic external fun send(task: Long, value: NativeValue): Int

    @JvmStatic external fun receive(task: Long, value: NativeValue): Int

    @JvmStatic external fun cancel(task: Long, run: Long)

    @JvmStatic external fun reset(task: Long)

    @JvmStatic external fun info(task: Long): ByteArray

    @JvmStatic external fun report(task: Long): ByteArray

    @JvmStatic external fun trace(task: Long, value: NativeValue): Int

    @JvmStatic external fun close(task: Long)
}

/** `hh_value` as JNI reads and fills it. [Value] is the face of it. */
internal class NativeValue {
    @JvmField var kind: Int = 0

    @JvmField var name: ByteArray? = null

    @JvmField var run: Long = 0

    /** text, json, tensor, image (RGBA8) */
    @JvmField var bytes: ByteArray? = null

    /** audio, scores */
    @JvmField var floats: FloatArray? = null

    /** image on its way in: direct buffers, one a plane */
    @JvmField var planes: Array<ByteBuffer>? = null

    @JvmField var rate: Int = 0

    @JvmField var channels: Int = 0

    @JvmField var pixels: Int = 0

    @JvmField var width: Int = 0

    @JvmField var height: Int = 0

    @JvmField var rotation: Int = 0

    @JvmField var rowStrides: IntArray? = null

    @JvmField var pixelStrides: IntArray? = null

    @JvmField var dtype: Int = 0

    @JvmField var shape: LongArray? = null

    @JvmField var labels: Array<ByteArray>? = null
}
