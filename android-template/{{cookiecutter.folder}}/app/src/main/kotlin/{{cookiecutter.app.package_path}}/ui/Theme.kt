package {{ cookiecutter.app.package }}.ui

import androidx.compose.foundation.isSystemInDarkTheme
import androidx.compose.material3.ColorScheme
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.darkColorScheme
import androidx.compose.material3.lightColorScheme
import androidx.compose.runtime.Composable
import androidx.compose.runtime.remember
import androidx.compose.ui.graphics.Color
import androidx.compose.ui.graphics.compositeOver
import androidx.compose.ui.graphics.luminance
import androidx.compose.ui.res.colorResource
import {{ cookiecutter.app.package }}.R

/** Material 3 in the colour of the app. The accent of the night resources is the lighter one. */
@Composable
fun AppTheme(content: @Composable () -> Unit) {
    val dark = isSystemInDarkTheme()
    val accent = colorResource(R.color.accent)
    val ground = colorResource(R.color.window_background)
    val scheme = remember(dark, accent, ground) { schemeOf(accent, ground, dark) }
    MaterialTheme(colorScheme = scheme, content = content)
}

private fun schemeOf(accent: Color, ground: Color, dark: Boolean): ColorScheme {
    val onGround = if (dark) Color(0xFFE3E3E6) else Color(0xFF1A1B1E)
    val onAccent = if (accent.luminance() > HALF_WAY) Color(0xFF0B0B0D) else Color.White
    val tint = { share: Float -> accent.copy(alpha = share).compositeOver(ground) }
    val base = if (dark) darkColorScheme() else lightColorScheme()
    return base.copy(
        primary = accent,
        onPrimary = onAccent,
        primaryContainer = tint(0.24f),
        onPrimaryContainer = onGround,
        secondary = accent,
        onSecondary = onAccent,
        secondaryContainer = tint(0.16f),
        onSecondaryContainer = onGround,
        tertiary = accent,
        onTertiary = onAccent,
        background = ground,
        onBackground = onGround,
        surface = ground,
        onSurface = onGround,
        surfaceVariant = tint(0.10f),
        onSurfaceVariant = onGround.copy(alpha = 0.78f).compositeOver(ground),
        surfaceTint = accent,
        surfaceContainerLowest = ground,
        surfaceContainerLow = tint(0.04f),
        surfaceContainer = tint(0.06f),
        surfaceContainerHigh = tint(0.09f),
        surfaceContainerHighest = tint(0.12f),
    )
}

/** Above this luminance black text on a colour has the better contrast (WCAG). */
private const val HALF_WAY = 0.179f
