package {{ cookiecutter.app.package }}.ui

import androidx.compose.foundation.layout.Arrangement
import androidx.compose.foundation.layout.Column
import androidx.compose.foundation.layout.FlowRow
import androidx.compose.foundation.layout.fillMaxWidth
import androidx.compose.foundation.layout.padding
import androidx.compose.material3.Card
import androidx.compose.material3.MaterialTheme
import androidx.compose.material3.Text
import androidx.compose.runtime.Composable
import androidx.compose.ui.Modifier
import androidx.compose.ui.semantics.heading
import androidx.compose.ui.semantics.semantics
import androidx.compose.ui.unit.dp
import java.text.NumberFormat

/** A card of facts under a heading. */
@Composable
fun Facts(title: String, modifier: Modifier = Modifier, content: @Composable () -> Unit) {
    Card(modifier.fillMaxWidth()) {
        Column(Modifier.padding(16.dp), verticalArrangement = Arrangement.spacedBy(8.dp)) {
            Text(
                title,
                modifier = Modifier.semantics { heading() },
                color = MaterialTheme.colorScheme.primary,
                style = MaterialTheme.typography.labelLarge,
            )
            content()
        }
    }
}

/** One line, or two where the font is large. Read out as one: "Size, 94 MB". */
@Composable
fun Fact(label: String, value: String) {
    FlowRow(
        modifier = Modifier.fillMaxWidth().semantics(mergeDescendants = true) {},
        horizontalArrangement = Arrangement.SpaceBetween,
    ) {
        Text(label, Modifier.padding(end = 16.dp), color = MaterialTheme.colorScheme.onSurfaceVariant)
        Text(value)
    }
}

/** A number as people of the device's language write it, with one decimal at most; a dash for none. */
fun number(value: Number?): String =
    if (value == null) "–" else NumberFormat.getNumberInstance().apply { maximumFractionDigits = 1 }.format(value)
