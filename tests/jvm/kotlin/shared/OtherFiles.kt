package dev.handheld.jvm

import android.app.Application
import android.content.res.ApkAssets
import android.content.res.AssetManager
import java.io.File
import java.util.zip.CRC32
import java.util.zip.Deflater
import java.util.zip.ZipEntry
import java.util.zip.ZipOutputStream
import org.junit.rules.TemporaryFolder

/** The app as if it had been built with other files below tasks/. */
class OtherFiles : Application() {
    override fun getAssets(): AssetManager = others ?: super.getAssets()

    /** What the app was really built with. */
    val own: AssetManager get() = super.getAssets()

    /** Replaces all files of the task by `files`; a compressed file cannot be read where it lies. */
    fun replace(folder: TemporaryFolder, files: Map<String, ByteArray>, compressed: Set<String> = emptySet()) {
        val apk = folder.newFile("files.apk")
        ZipOutputStream(apk.outputStream()).use { zip ->
            zip.setLevel(Deflater.NO_COMPRESSION)
            for ((name, bytes) in files) zip.add("assets/chat/$name", bytes, stored = name !in compressed)
        }
        others = load(apk)
    }

    override fun onTerminate() {
        others = null
        super.onTerminate()
    }

    private fun ZipOutputStream.add(name: String, bytes: ByteArray, stored: Boolean) {
        val entry = ZipEntry(name)
        if (stored) {
            entry.method = ZipEntry.STORED
            entry.size = bytes.size.toLong()
            entry.crc = CRC32().apply { update(bytes) }.value
        }
        putNextEntry(entry)
        bytes.inputStream().copyTo(this) // under -Xcheck:jni, each call that takes an array copies all of it
        closeEntry()
    }

    private fun load(apk: File): AssetManager =
        AssetManager.Builder().addApkAssets(ApkAssets.loadFromPath(apk.path)).build()

    private companion object {
        var others: AssetManager? = null
    }
}
