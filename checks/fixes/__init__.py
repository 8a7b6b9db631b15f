"""The fix of every check as text for az, Bicep and Terraform."""
