package {{ cookiecutter.app.package }}
{% if cookiecutter.tasks['items'] %}
{%- for task in cookiecutter.tasks['items'] %}
import {{ cookiecutter.app.package }}.tasks.{{ task.name }}.{{ task.entry_android }}
{%- endfor %}
{% endif %}
/** The tasks of this app, in the order of the list. */
val tasks: List<TaskEntry> = listOf(
{%- for task in cookiecutter.tasks['items'] %}
    {{ task.entry_android }}(),
{%- endfor %}
)
