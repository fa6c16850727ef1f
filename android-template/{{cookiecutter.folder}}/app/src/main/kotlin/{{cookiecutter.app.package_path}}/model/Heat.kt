package {{ cookiecutter.app.package }}.model

import android.content.Context
import android.content.Intent
import android.content.IntentFilter
import android.os.BatteryManager
import android.os.Build
import android.os.PowerManager

/**
 * How warm the device is, which decides how fast it may compute.
 *
 * @property celsius of the battery; null where the device does not tell
 * @property slowing null before Android 10
 */
data class Heat(val celsius: Double?, val slowing: Slowing?) {
    /** What the system does against the heat. */
    enum class Slowing { NONE, SOME, MUCH }

    companion object {
        /** The present state; no permission is needed. */
        fun read(context: Context): Heat {
            val battery = context.registerReceiver(null, IntentFilter(Intent.ACTION_BATTERY_CHANGED))
            val tenths = battery?.getIntExtra(BatteryManager.EXTRA_TEMPERATURE, UNKNOWN) ?: UNKNOWN
            return Heat(celsius = if (tenths == UNKNOWN) null else tenths / TENTHS, slowing = slowing(context))
        }

        private fun slowing(context: Context): Slowing? {
            if (Build.VERSION.SDK_INT < Build.VERSION_CODES.Q) return null
            val status = context.getSystemService(PowerManager::class.java)?.currentThermalStatus ?: return null
            return when {
                status <= PowerManager.THERMAL_STATUS_NONE -> Slowing.NONE
                status < PowerManager.THERMAL_STATUS_SEVERE -> Slowing.SOME
                else -> Slowing.MUCH
            }
        }

        private const val UNKNOWN = Int.MIN_VALUE
        private const val TENTHS = 10.0
    }
}
