package {{ cookiecutter.app.package }}.tasks.classify

import android.annotation.SuppressLint
import android.content.ContentResolver
import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.ImageDecoder
import android.graphics.Matrix
import android.media.ExifInterface
import android.net.Uri
import android.os.Build
import androidx.annotation.RequiresApi
import dev.handheld.Pixels
import dev.handheld.Value
import java.io.IOException
import java.io.InputStream
import java.nio.ByteBuffer

/** The longest side that a photo is decoded to, pixels: far more than a model looks at. */
private const val LONGEST_SIDE = 1280
private const val BYTES_OF_PIXEL = 4
private const val QUARTER = 90f
private const val HALF = 180f

/** An upright photo. Throws IOException if it is none. */
internal fun ContentResolver.photo(uri: Uri): Bitmap =
    if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) decoded(uri) else decodedBefore28(uri)

@RequiresApi(Build.VERSION_CODES.P)
private fun ContentResolver.decoded(uri: Uri): Bitmap =
    ImageDecoder.decodeBitmap(ImageDecoder.createSource(this, uri)) { decoder, info, _ ->
        decoder.allocator = ImageDecoder.ALLOCATOR_SOFTWARE // the pixels are read, not only drawn
        val longest = maxOf(info.size.width, info.size.height)
        if (longest > LONGEST_SIDE) {
            val scale = LONGEST_SIDE.toFloat() / longest
            val width = (info.size.width * scale).toInt().coerceAtLeast(1)
            decoder.setTargetSize(width, (info.size.height * scale).toInt().coerceAtLeast(1))
        }
    }

private fun ContentResolver.decodedBefore28(uri: Uri): Bitmap {
    val options = BitmapFactory.Options().apply { inJustDecodeBounds = true }
    stream(uri) { BitmapFactory.decodeStream(it, null, options) }
    options.inJustDecodeBounds = false
    options.inSampleSize = maxOf(options.outWidth, options.outHeight) / LONGEST_SIDE // rounded down to a power of two
    val bitmap = stream(uri) { BitmapFactory.decodeStream(it, null, options) }
        ?: throw IOException("$uri is no picture")
    val turn = stream(uri) { degrees(it) }
    if (turn == 0f) return bitmap
    val matrix = Matrix().apply { postRotate(turn) }
    return Bitmap.createBitmap(bitmap, 0, 0, bitmap.width, bitmap.height, matrix, true)
}

private fun <T> ContentResolver.stream(uri: Uri, use: (InputStream) -> T): T =
    (openInputStream(uri) ?: throw IOException("$uri has no content")).use(use)

@SuppressLint("ExifInterface") // the platform's own is enough for the one number that is read
private fun degrees(stream: InputStream): Float =
    when (ExifInterface(stream).getAttributeInt(ExifInterface.TAG_ORIENTATION, ExifInterface.ORIENTATION_NORMAL)) {
        ExifInterface.ORIENTATION_ROTATE_90 -> QUARTER
        ExifInterface.ORIENTATION_ROTATE_180 -> HALF
        ExifInterface.ORIENTATION_ROTATE_270 -> HALF + QUARTER
        else -> 0f
    }

/** The pixels as the core takes them. */
internal fun Bitmap.toValue(): Value.Image {
    val plain = if (config == Bitmap.Config.ARGB_8888) this else copy(Bitmap.Config.ARGB_8888, false)
    val pixels = ByteBuffer.allocateDirect(plain.byteCount)
    plain.copyPixelsToBuffer(pixels) // whatever the name says, the bytes are red, green, blue, alpha
    pixels.rewind()
    val plane = Value.Image.Plane(pixels, plain.rowBytes, BYTES_OF_PIXEL)
    return Value.Image(listOf(plane), Pixels.RGBA8, plain.width, plain.height)
}
