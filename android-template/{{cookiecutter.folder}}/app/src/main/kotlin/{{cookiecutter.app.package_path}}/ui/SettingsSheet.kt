package {{ cookiecutter.app.package }}.ui

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.Row
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.foundation.rememberScrollState
import androidx.compose.foundation.selection.selectable
import androidx.compose.foundation.selection.toggleable
import androidx.compose.foundation.text.KeyboardOptions
import androidx.compose.foundation.verticalScroll
import androidx.compose.material3.ExperimentalMaterial3Api
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.ModalBottomSheet
import androidx.compose.material3.OutlinedTextField
import androidx.compose.material3.RadioButton
import androidx.compose.material3.Slider
import androidx.compose.material3.Switch
import androidx.compose.material3.Text
import androidx.compose.material3.TextButton
import androidx.compose.runtime.Composable
import androidx.compose.runtime.getValue
import androidx.compose.runtime.key
import androidx.compose.runtime.mutableFloatStateOf
import androidx.compose.runtime.mutableIntStateOf
import androidx.compose.runtime.mutableStateOf
import androidx.compose.runtime.remember
import androidx.compose.runtime.saveable.rememberSaveable
import androidx.compose.runtime.setValue
import androidx.compose.ui.Alignment
import androidx.compose.ui.Modifier
import androidx.compose.ui.platform.testTag
import androidx.compose.ui.res.stringResource
import androidx.compose.ui.semantics.Role
import androidx.compose.ui.semantics.contentDescription
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.text.input.KeyboardType
import androidx.compose.ui.unit.dp
import {{ cookiecutter.app.package }}.R
import dev.handheld.Manifest
import kotlin.math.roundToLong
import kotlinx.serialization.json.JsonArray
import kotlinx.serialization.json.JsonElement
import kotlinx.serialization.json.JsonObject
import kotlinx.serialization.json.JsonPrimitive
import kotlinx.serialization.json.booleanOrNull
import kotlinx.serialization.json.contentOrNull
import kotlinx.serialization.json.doubleOrNull

/**
 * A sheet with one control for each setting of the manifest; it knows types and ranges, no setting by name.
 *
 * @param values what differs from the defaults
 * @param extra rows of the task's own, above the others
 */
@OptIn(ExperimentalMaterial3Api::class)
@Composable
fun SettingsSheet(
    settings: Map<String, Manifest.Setting>,
    values: JsonObject,
    onChange: (String, JsonElement) -> Unit,
    onReset: () -> Unit,
    onDismiss: () -> Unit,
    extra: @Composable () -> Unit = {},
) {
    // Counts resets, so that half-typed texts go too.
    var resets by rememberSaveable { mutableIntStateOf(0) }
    ModalBottomSheet(onDismiss) {
        Column(
            modifier = Modifier.verticalScroll(rememberScrollState()).padding(24.dp).testTag("settings"),
            verticalArrangement = Arrangement.spacedBy(20.dp),
        ) {
            Text(
                stringResource(R.string.settings),
                modifier = Modifier.semantics { heading() },
                style = MaterialTheme.typography.titleLarge,
            )
            key(resets) {
                extra()
                for ((name, setting) in settings) {
                    SettingRow(name, setting, values[name] ?: setting.default) { onChange(name, it) }
                }
            }
            val reset = {
                resets++
                onReset()
            }
            TextButton(reset) { Text(stringResource(R.string.settings_reset)) }
        }
    }
}

@Composable
private fun SettingRow(name: String, setting: Manifest.Setting, value: JsonElement, onChange: (JsonElement) -> Unit) {
    val label = name.replace('_', ' ').replaceFirstChar { it.uppercase() }
    when {
        setting.type == "boolean" -> SwitchRow(label, setting.summary, value, onChange)
        setting.type == "choice" -> ChoiceRows(label, setting, value, onChange)
        setting.type == "strings" -> LinesRow(label, setting.summary, value, onChange)
        setting.type == "string" -> TextRow(label, setting.summary, value, numeric = false) { text ->
            onChange(JsonPrimitive(text))
        }
        setting.fitsSlider() -> SliderRow(label, setting, value, onChange)
        else -> TextRow(label, setting.summary, value, numeric = true) { text ->
            setting.number(text)?.let { onChange(it) }
        }
    }
}

/** A slider over thousands of steps cannot be set to one of them. */
private fun Manifest.Setting.fitsSlider(): Boolean {
    val range = (maximum ?: return false) - (minimum ?: return false)
    return type == "number" || range <= MOST_STEPS
}

/** The number that a text stands for, or null if it is none or out of range: the core would refuse it. */
private fun Manifest.Setting.number(text: String): JsonPrimitive? {
    val number = if (type == "integer") text.toLongOrNull() else text.toDoubleOrNull()
    val inRange = number != null && number.toDouble() in (minimum ?: -Double.MAX_VALUE)..(maximum ?: Double.MAX_VALUE)
    return if (inRange) JsonPrimitive(number) else null
}

@Composable
private fun SliderRow(label: String, setting: Manifest.Setting, value: JsonElement, onChange: (JsonElement) -> Unit) {
    val number = (value as? JsonPrimitive)?.doubleOrNull ?: 0.0
    var position by remember(number) { mutableFloatStateOf(number.toFloat()) }
    val minimum = setting.minimum?.toFloat() ?: 0f
    val maximum = setting.maximum?.toFloat() ?: 1f
    val whole = setting.type == "integer"
    // Two decimals: what a thumb can set, and what a person can remember.
    val rounded = if (whole) position.roundToLong().toDouble() else (position * PARTS).roundToLong() / PARTS
    val shown = if (whole) rounded.toLong().toString() else rounded.toString()
    Column {
        Row(Modifier.fillMaxWidth()) {
            Text(label, Modifier.weight(1f))
            Text(shown)
        }
        Slider(
            value = position,
            onValueChange = { position = it },
            onValueChangeFinished = { onChange(JsonPrimitive(if (whole) rounded.toLong() else rounded)) },
            valueRange = minimum..maximum,
            modifier = Modifier.semantics { contentDescription = label },
        )
        Summary(setting.summary)
    }
}

@Composable
private fun SwitchRow(label: String, summary: String, value: JsonElement, onChange: (JsonElement) -> Unit) {
    val on = (value as? JsonPrimitive)?.booleanOrNull ?: false
    val toggle = Modifier.toggleable(on, role = Role.Switch) { onChange(JsonPrimitive(it)) }
    Row(toggle.fillMaxWidth(), verticalAlignment = Alignment.CenterVertically) {
        Column(Modifier.weight(1f)) {
            Text(label)
            Summary(summary)
        }
        Switch(checked = on, onCheckedChange = null)
    }
}

@Composable
private fun ChoiceRows(label: String, setting: Manifest.Setting, value: JsonElement, onChange: (JsonElement) -> Unit) {
    val chosen = (value as? JsonPrimitive)?.contentOrNull
    Column {
        Text(label)
        Summary(setting.summary)
        for (choice in setting.choices) {
            val selected = choice == chosen
            val select = Modifier.selectable(selected, role = Role.RadioButton) { onChange(JsonPrimitive(choice)) }
            Row(select.fillMaxWidth().padding(vertical = 8.dp), verticalAlignment = Alignment.CenterVertically) {
                RadioButton(selected, onClick = null)
                Text(choice, Modifier.padding(start = 12.dp))
            }
        }
    }
}

@Composable
private fun LinesRow(label: String, summary: String, value: JsonElement, onChange: (JsonElement) -> Unit) {
    val lines = (value as? JsonArray).orEmpty().mapNotNull { (it as? JsonPrimitive)?.contentOrNull }
    val hint = "$summary ${stringResource(R.string.settings_one_per_line)}."
    TextRow(label, hint, JsonPrimitive(lines.joinToString("\n")), numeric = false, lines = 3) { text ->
        onChange(JsonArray(text.lines().filter { it.isNotEmpty() }.map { JsonPrimitive(it) }))
    }
}

/** Keeps what is typed, also while it is no valid value, and gives every change on. */
@Composable
private fun TextRow(
    label: String,
    summary: String,
    value: JsonElement,
    numeric: Boolean,
    lines: Int = 1,
    onChange: (String) -> Unit,
) {
    var text by rememberSaveable { mutableStateOf((value as? JsonPrimitive)?.contentOrNull.orEmpty()) }
    OutlinedTextField(
        value = text,
        onValueChange = {
            text = it
            onChange(it)
        },
        modifier = Modifier.fillMaxWidth(),
        label = { Text(label) },
        supportingText = { Summary(summary) },
        keyboardOptions = KeyboardOptions(keyboardType = if (numeric) KeyboardType.Number else KeyboardType.Text),
        minLines = lines,
        maxLines = lines,
    )
}

@Composable
private fun Summary(text: String) {
    Text(text, color = MaterialTheme.colorScheme.onSurfaceVariant, style = MaterialTheme.typography.bodySmall)
}

private const val MOST_STEPS = 200
private const val PARTS = 100.0
